import type { Loop } from '../../supervisor/loop.ts';
import type { Entry } from '../../supervisor/model/entry.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import type { RunEnding } from '../../supervisor/model/run.ts';
import type { Answer, State } from '../../supervisor/model/state.ts';
import { type Outcome, type Step, stepKey } from '../../supervisor/model/step.ts';
import type { Content } from './content.ts';
import type { Folder } from './disk.ts';
import { Evidence } from './invariants/evidence.ts';
import { PolicyRecords } from './invariants/policies.ts';
import { Records } from './invariants/records.ts';
import { checkRest } from './invariants/rest.ts';
import { checkStart } from './invariants/start.ts';
import type { Process } from './processes.ts';
import type { World } from './world.ts';

/** Something that must never be came to be. */
export class Violation extends Error {}

/** Decisions in one turn beyond which the loop is going round in circles. */
const circles = 600;

type Seen = Omit<Facts, 'underway' | 'stopping'>;

/**
 * Watches everything that the daemon does and keeps its own account of it, apart from the
 * daemon's state; says so when an invariant of the architecture (section 7) does not hold.
 */
export class Oracle {
  readonly world: World;
  readonly records: Records;
  readonly evidence: Evidence;
  readonly policies: PolicyRecords;
  readonly seen = new Map<string, number>();
  readonly underway = new Set<string>();
  violation: Violation | null = null;
  facts: Seen | null = null;
  #commits = 0;
  #disturbed = false;
  /** What the last audit in this life of the daemon came to; null: there was none yet. */
  audit: 'safe' | 'unsafe' | null = null;
  /** Candidates that were looked at since they are to be promoted. */
  readonly audited = new Set<string>();

  constructor(world: World) {
    this.world = world;
    this.records = new Records(this);
    this.policies = new PolicyRecords(this);
    this.evidence = new Evidence(this);
  }

  /** The first violation is the one that counts: what follows it proves nothing. */
  fail(invariant: string, message: string): void {
    this.violation ??= new Violation(`${invariant}: ${message}`);
  }

  check(holds: boolean, invariant: string, message: () => string): void {
    if (!holds) this.fail(invariant, message());
  }

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  /** Something went wrong in this turn that excuses it from having come to all its decisions. */
  disturbed(): void {
    this.#disturbed = true;
    this.evidence.spoil();
  }

  booting(): void {
    this.count('boot');
    this.audit = null;
    this.underway.clear();
  }

  crashed(): void {
    this.count('crash');
    this.records.gone();
    this.evidence.spoil();
    this.underway.clear();
  }

  turning(): void {
    this.#commits = 0;
    this.#disturbed = false;
    this.count('turn');
  }

  observed(facts: Seen): void {
    this.facts = facts;
  }

  performing(step: Step): void {
    const key = stepKey(step);
    this.check(!this.underway.has(key), 'loop', () => `${key} is begun twice at a time`);
    this.underway.add(key);
    checkStart(this, step);
    this.records.performing(step);
  }

  settling(step: Step, outcome: Outcome): void {
    this.underway.delete(stepKey(step));
    if (outcome.of === 'failed') this.evidence.spoil();
    if (step.do === 'audit' && outcome.of === 'audited') this.#audited(step, outcome.findings);
  }

  #audited(step: Step & { do: 'audit' }, findings: readonly unknown[]): void {
    this.audit = findings.length === 0 ? 'safe' : 'unsafe';
    if (step.release !== null && this.audit === 'safe') this.audited.add(step.release);
    if (this.audit === 'unsafe') {
      this.count('found unsafe');
      this.evidence.spoil();
    }
  }

  committed(entries: readonly Entry[], before: State, after: State): void {
    this.#commits += 1;
    if (this.#commits > circles) {
      this.fail('loop', `one turn went round in circles: ${JSON.stringify(entries[0])}`);
      throw new Violation('round in circles');
    }
    this.records.committed(entries, before, after);
    for (const entry of entries) this.policies.committed(entry, before);
  }

  staged(proposal: string, content: Content, folder: Folder, onto: Folder): void {
    this.records.staged(proposal, content, folder, onto);
  }

  ended(process: Process, ending: RunEnding): void {
    this.evidence.ended(process, ending);
  }

  discarding(release: string): void {
    const { disk, processes, journal } = this.world;
    const used = [...processes.values()].some((one) => one.spec.release === release);
    const slot = journal.state.deployment.get('deployment');
    const wanted = slot?.candidate?.release === release || slot?.onto === release;
    const target = journal.state.rollback.get('rollback')?.to === release;
    this.check(
      !used && !wanted && !target && disk.current !== release,
      'invariant 1',
      () => `${release} is removed while it is needed`,
    );
  }

  answered(request: string, answer: Answer): void {
    const before = this.world.disk.answers.get(request);
    const same = before === undefined || JSON.stringify(before) === JSON.stringify(answer);
    this.check(same, 'requests', () => `${request} gets two different answers`);
  }

  broken(error: unknown): void {
    this.fail('loop', `it threw ${error instanceof Error ? error.stack : String(error)}`);
  }

  turned(loop: Loop, stopping: boolean): void {
    this.evidence.check();
    if (!this.#disturbed) checkRest(this, loop, stopping);
  }
}
