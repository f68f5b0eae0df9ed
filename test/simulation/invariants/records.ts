import type { Entry } from '../../../supervisor/model/entry.ts';
import type { Mark } from '../../../supervisor/model/mark.ts';
import { terminal } from '../../../supervisor/model/proposal.ts';
import type { RunEnding, RunSpec } from '../../../supervisor/model/run.ts';
import { deployment, host, rollback, type State } from '../../../supervisor/model/state.ts';
import type { Step } from '../../../supervisor/model/step.ts';
import type { Content } from '../content.ts';
import type { Folder } from '../disk.ts';
import type { Oracle } from '../oracle.ts';
import { tickEvery } from '../policies.ts';
import { checkPhases } from './phases.ts';
import { Turns } from './turns.ts';

type Outcome = Entry & { type: 'outcome' };

/** The oracle's own account of what was recorded: barred digests, words given, work done. */
export class Records {
  readonly bad = new Set<string>();
  /** Releases that somebody made, or left, current on their own word: nothing watches these. */
  readonly vouched = new Set<string>();
  readonly #oracle: Oracle;
  readonly #turns: Turns;
  /** Effects that were recorded done and are never done again. */
  readonly #done = new Set<string>();
  readonly #gates = new Set<string>();
  /** `<proposal> <digest>` that need an operator's word, and that got it. */
  readonly #needed = new Set<string>();
  readonly #given = new Map<string, number>();
  readonly #answers = new Map<string, string>();
  readonly #failing = new Set<string>();
  #canary = new Map<string, number>();
  #leaving: (Mark & { mark: 'rollback' }) | null = null;
  /** Drops that became a proposal, a refusal or a withdrawal: uid to id. */
  readonly taken = new Map<number, string>();

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
    this.#turns = new Turns(oracle);
  }

  gated = (gate: 'build' | 'smoke', release: string): boolean =>
    this.#gates.has(`${gate} ${this.#content(release)}`);

  /** A gate speaks for content: a damaged release may be built once more. */
  #content = (release: string): string =>
    this.#oracle.world.disk.releases.get(release)?.digest ?? release;

  /** When `current` last was promoted, in time that passes; null: a clock was set unseen since. */
  #promotedAt: number | null = null;
  /** How far off a step of the clock may be taken that nobody saw: since the last tick. */
  unseen = 0;
  #stepped = false;

  /** A clock that is set forward while the daemon is down looks like a long night. */
  clockSet(up: boolean): void {
    this.#stepped = true;
    if (!up) this.gone();
  }

  /** The daemon died: a step that it had not recorded is told only by the last tick. */
  gone(): void {
    if (!this.#stepped) return;
    this.#promotedAt = null;
    this.unseen = tickEvery;
  }

  isAnswered = (request: string): boolean => this.#answers.has(request);

  /** The same path of this agent failed on some other release before: it may be explained. */
  excused = (spec: RunSpec): boolean =>
    [...this.#failing].some((key) => {
      const [agent, path, release] = key.split(' ');
      return agent === spec.agent.name && path === spec.path && release !== spec.release;
    });

  performing(step: Step): void {
    const name = once(step);
    if (name === null) return;
    const repeated = () => `${name} is done again after it was recorded done`;
    this.#oracle.check(!this.#done.has(name), 'invariant 5', repeated);
  }

  /** What an operator must say yes to, by what the change does. */
  staged(proposal: string, content: Content, folder: Folder, onto: Folder): void {
    if (content.is !== 'add') return;
    const tools = (one: Folder) =>
      (one.agents ?? []).flatMap(({ name, tools: t }) => t.map((tool) => `${name} ${tool}`));
    const before = new Set(tools(onto));
    const gained = folder.agents !== null && tools(folder).some((one) => !before.has(one));
    const kernel = content.change.files.some((file) => file.startsWith('kernel/'));
    if (kernel || gained || content.change.deps !== 'same') {
      this.#needed.add(`${proposal} ${folder.digest}`);
    }
  }

  checkApproved(proposal: string, digest: string): void {
    const key = `${proposal} ${digest}`;
    if (!this.#needed.has(key)) return;
    this.#oracle.count('approved canary');
    const lacks = () => `${key} needs an operator's word and has none`;
    this.#oracle.check(this.#given.has(key), 'invariant 9', lacks);
  }

  committed(entries: readonly Entry[], before: State, after: State): void {
    for (const entry of entries) {
      if (entry.type === 'mark') this.#marked(entry.mark, entry.at, before);
      else if (entry.type === 'outcome') this.#settled(entry, before, after);
      else this.#oracle.count(`step ${entry.step.do}`);
    }
    checkPhases(this.#oracle, before, after);
  }

  /** A halt came while it ran: that is no judgment of anything. */
  #cutShort(step: Step, after: State): void {
    this.#oracle.count(`halted ${step.do}`);
    const slot = deployment(after);
    const mine = step.do === 'smoke' && slot?.candidate?.release === step.release;
    const gated = mine && slot.gates.some(({ name }) => name === 'smoke');
    const { trial } = host(after);
    const tried = step.do === 'try-policy' && trial?.policy === step.policy && trial.gate !== null;
    this.#oracle.check(!gated && !tried, 'invariant 7', () => `a halt was judged: ${step.do}`);
  }

  #settled(entry: Outcome, before: State, after: State): void {
    const { step, outcome } = entry;
    this.#oracle.count(`outcome ${step.do} ${outcome.of}`);
    if (outcome.of === 'failed') return this.#damaged(entry, before);
    const name = once(step);
    // Nothing was there to take: that id is free.
    if (name !== null && outcome.of !== 'gone') {
      this.#oracle.check(!this.#done.has(name), 'invariant 5', () => `${name} ended twice`);
      this.#done.add(name);
    }
    if (step.do === 'seal' && outcome.of !== 'gone') this.#sealed(step);
    if (outcome.of === 'built' && outcome.gate.outcome === 'pass' && step.do === 'build') {
      this.#gates.add(`build ${this.#content(step.release)}`);
    }
    const smoke = outcome.of === 'rehearsed' ? outcome.smoke : null;
    if (smoke?.broken.some(({ ending }) => ending.stoppedBy === 'halt')) {
      this.#cutShort(step, after);
    } else if (outcome.of === 'rehearsed' && step.do === 'smoke') {
      this.#gates.add(`smoke ${this.#content(step.release)}`);
    }
    if (step.do === 'flip' && step.why === 'promote')
      this.#promotedAt = this.#oracle.world.agenda.now;
    const back = step.do === 'flip' && step.why === 'rollback' && step.to === this.#goal(before);
    if (back && outcome.of === 'flipped') this.#left(before);
    if (step.do === 'halt') {
      // Nowhere to go: what is current stays so, on nobody's word, with every agent halted.
      this.vouched.add(host(before).current ?? '');
      this.#left(before);
    }
    if (step.do === 'answer') this.#answers.set(step.request, 'told');
    if (step.do === 'run' && outcome.of === 'ended') this.#ran(step.run, outcome.ending, before);
  }

  #ran(spec: RunSpec, ending: RunEnding, before: State): void {
    const good = ending.exit === 0 && ending.door.errors.length === 0 && ending.door.steps > 0;
    if (!good) this.#failing.add(`${spec.agent.name} ${spec.path} ${spec.release}`);
    const slot = deployment(before);
    const mine =
      slot?.canary?.agent === spec.agent.name && slot.candidate?.release === spec.release;
    if (!good || !mine) return;
    const key = `${slot.proposal} ${spec.release}`;
    this.#canary.set(key, (this.#canary.get(key) ?? 0) + 1);
  }

  #sealed(step: Step & { do: 'seal' }): void {
    const drop = this.#oracle.world.disk.sealed.get(step.id)?.drop;
    if (drop === undefined) return;
    const before = this.taken.get(drop.uid);
    const twice = () => `drop ${drop.uid} of ${drop.agent} was taken as ${before} and ${step.id}`;
    this.#oracle.check(before === undefined, 'invariant 5', twice);
    const mine = drop.agent === step.agent && drop.name === step.drop;
    const other = () =>
      `${step.id} holds ${drop.agent}/${drop.name}, not ${step.agent}/${step.drop}`;
    this.#oracle.check(mine, 'invariant 5', other);
    this.taken.set(drop.uid, step.id);
  }

  /** Where the rollback that was judged goes by now: one that is damaged is passed over. */
  #goal(before: State): string | null {
    return this.#leaving === null ? null : (rollback(before)?.to ?? this.#leaving.to);
  }

  /** A rollback to a release that somebody named has come to nothing: nothing was left. */
  #damaged({ step, outcome }: Outcome, before: State): void {
    const damaged = outcome.of === 'failed' && outcome.reason.code === 'corrupt-release';
    if (step.do !== 'flip' || !damaged || this.#goal(before) !== step.to) return;
    if (this.#leaving?.clear) this.#leaving = null;
  }

  /** A rollback has come to its end. */
  #left(before: State): void {
    const mark = this.#leaving;
    this.#leaving = null;
    if (mark === null) return;
    const digest = (id: string | null) =>
      id === null ? undefined : before.releases.get(id)?.digest;
    const [from, to] = [digest(mark.from), digest(mark.to)];
    if (mark.bad && from !== undefined) this.bad.add(from);
    if (mark.clear && to !== undefined) this.bad.delete(to);
  }

  #marked(mark: Mark, at: number, before: State): void {
    const { world } = this.#oracle;
    const slot = deployment(before);
    this.#oracle.count(`mark ${mark.mark}`);
    if (mark.mark === 'clock') this.#stepped = false;
    if (mark.mark === 'begin') this.#turns.began(mark.proposal, at, before);
    if (mark.mark === 'rollback') {
      this.#leaving = mark;
      const own = mark.clear ? mark.to : mark.to === null ? mark.from : null;
      if (own !== null) this.vouched.add(own);
      // No stable release is left: the halt that follows takes the place of the flip.
      if (mark.to === null) this.#oracle.evidence.spoil();
      this.#oracle.count(`reason ${mark.reason.code}`);
      this.#oracle.count(`rollback ${mark.by === 'airlock' ? 'on evidence' : 'by an operator'}`);
    }
    if (mark.mark === 'end' && mark.bad) {
      const digest = slot?.candidate?.digest;
      if (digest !== undefined) this.bad.add(digest);
    }
    if (mark.mark === 'end') this.#oracle.count(`reason ${mark.reason.code}`);
    if (mark.mark === 'unbarred') {
      this.#asked('unbar', mark.digest);
      this.vouched.add(before.bad.get(mark.digest)?.release ?? '');
      this.bad.delete(mark.digest);
    }
    if (mark.mark === 'approved') {
      this.#asked('approve', mark.proposal, mark.digest);
      this.#given.set(`${mark.proposal} ${mark.digest}`, at);
      const row = before.proposals.get(mark.proposal);
      this.#oracle.check(row?.digest === mark.digest, 'approval', () => 'not what was shown');
    }
    if (mark.mark === 'approval-void') {
      const same = before.proposals.get(mark.proposal)?.digest === mark.digest;
      if (same) this.#oracle.count('approval too old');
    }
    if (mark.mark === 'canary') this.#used(`${mark.proposal} ${slot?.candidate?.digest}`, at);
    if (mark.mark === 'promote') this.#promoted(mark, before);
    if (mark.mark === 'stable') {
      const long = slot?.bake != null && at >= slot.bake.startedAt + world.policy.policy.bake.for;
      this.#oracle.check(long, 'bake', () => `${mark.release} is stable before its time`);
      const real = this.#promotedAt === null ? null : world.agenda.now - this.#promotedAt;
      const cut = () => `${mark.release} is stable after ${real} ms`;
      const enough = real === null || real >= world.policy.policy.bake.for - 2_000;
      this.#oracle.check(enough, 'bake cut short', cut);
      this.#oracle.check(slot?.bake?.suspects.length === 0, 'bake', () => 'stable under suspicion');
    }
    if (mark.mark === 'answered') {
      const known = this.#answers.get(mark.request);
      this.#oracle.check(known === undefined, 'requests', () => `${mark.request} answered twice`);
      this.#answers.set(mark.request, mark.verb);
      this.#oracle.count(`request ${mark.verb} ${mark.answer.ok ? 'done' : 'refused'}`);
    }
  }

  /** A word is used when the canary begins, and must not be too old for it by then. */
  #used(key: string, at: number): void {
    const given = this.#given.get(key);
    if (given === undefined || !this.#needed.has(key)) return;
    const { expires } = this.#oracle.world.policy.policy.approval;
    const old = () => `${key} goes on by a word that is ${at - given} ms old`;
    this.#oracle.check(at - given < expires, 'invariant 9', old);
  }

  #promoted(mark: Mark & { mark: 'promote' }, before: State): void {
    const slot = deployment(before);
    if (mark.canary === 'skipped') return this.#asked('promote', mark.proposal ?? '');
    const good = this.#canary.get(`${mark.proposal} ${slot?.candidate?.release}`) ?? 0;
    const wanted = this.#oracle.world.policy.policy.canary.runs;
    const few = () => `${mark.proposal} is promoted after ${good} good runs of ${wanted}`;
    this.#oracle.check(slot?.phase === 'canary' && good >= wanted, 'invariant 2', few);
  }

  /** An operator's word is on the disk: nothing makes it up. */
  #asked(verb: string, about: string, shown = ''): void {
    const found = [...this.#oracle.world.disk.requests.values()].some(({ request }) => {
      if (request?.verb !== verb) return false;
      if (request.verb === 'unbar') return about.startsWith(request.digest);
      if (request.verb === 'approve' && !shown.startsWith(request.digest)) return false;
      return 'proposal' in request && request.proposal === about;
    });
    this.#oracle.check(found, 'operator', () => `nobody asked to ${verb} ${about}`);
  }
}

/** The name of an effect that is never repeated once it is recorded done; null: it may be. */
function once(step: Step): string | null {
  if (step.do === 'seal') return `seal ${step.id}`;
  if (step.do === 'run') return `run ${step.run.id}`;
  if (step.do === 'notify') return `notify ${step.notice.id}`;
  return step.do === 'answer' ? `answer ${step.request}` : null;
}

export const isOver = (state: State, id: string): boolean => {
  const phase = state.proposals.get(id)?.phase;
  return phase === undefined || terminal.has(phase);
};
