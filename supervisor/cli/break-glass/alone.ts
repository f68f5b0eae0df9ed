/**
 * A rollback without a daemon: this process is the one writer for a moment, takes the same
 * decisions as the loop, records the same intents and outcomes, and flips the same link.
 * Nothing else that waits in the journal is touched: that is the daemon's, when it starts.
 */
import { evolve } from '../../decide/evolve/entry.ts';
import { requests } from '../../decide/requests.ts';
import { currentMoved, rollingBack } from '../../decide/rollback.ts';
import type { Decision, View } from '../../decide/view.ts';
import { readCurrent } from '../../host/files/links.ts';
import { isOperator } from '../../host/sandbox/operators.ts';
import type { Rollback } from '../../model/deployment.ts';
import type { Entry } from '../../model/entry.ts';
import type { Facts, SeenRequest } from '../../model/fact.ts';
import type { Mark } from '../../model/mark.ts';
import { type Policy, type PolicyInForce, policySchema } from '../../model/policy.ts';
import { Failure, reasonOf } from '../../model/reason.ts';
import type { Request } from '../../model/request.ts';
import { type Answer, apply, host, type Put, rollback, type State } from '../../model/state.ts';
import { type Outcome, type Step, stepKey } from '../../model/step.ts';
import { type Journal, openJournal } from '../../store/journal.ts';
import { journalGone, journalStanding } from '../../store/lived.ts';
import { listRequests } from '../../store/requests.ts';
import { answered } from '../ask.ts';
import type { Call, Result } from '../call.ts';
import { flipComplete } from './flip.ts';
import { flipUnrecorded } from './unrecorded.ts';

type Ask = Request & { verb: 'rollback' };

/** The caller holds the writer lock. `by`: who, as it is recorded. */
export function rollbackAlone(call: Call, ask: Ask, by: string): Result {
  const before = readCurrent(call.layout);
  try {
    return recorded(call, ask, by);
  } catch (error) {
    // Damage may show only in the middle: what was moved by then is not moved again.
    const moved = readCurrent(call.layout) !== before;
    if (!(error instanceof Failure) || !unreadable(error) || moved) throw error;
    return flipUnrecorded(call, ask, error.reason);
  }
}

/** Of the journal, or the disk below it: a rollback that is refused says so in other codes. */
const unreadable = ({ reason: { code, step } }: Failure) =>
  code.startsWith('journal') || code.startsWith('schema') || / journal$|^commit$/.test(step);

function recorded(call: Call, ask: Ask, by: string): Result {
  // A journal that is gone is not made anew here: an empty one would know of no release.
  if (journalStanding(call.layout) !== 'there') throw journalGone(call.layout, 'rollback');
  const journal = openJournal(call.layout.journal, call.now);
  try {
    return carryOut(call, new OneWriter(call, journal), ask, by);
  } finally {
    closeAnyway(journal);
  }
}

/** A damaged one may not even close: what went before says more. */
function closeAnyway(journal: Journal): void {
  try {
    journal.close();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

function carryOut(call: Call, record: OneWriter, ask: Ask, by: string): Result {
  const own = { id: `break-glass-${call.now()}`, by, request: ask, fault: null };
  const earlier = waiting(call);
  // A rollback that a crash cut off, and those asked for before, come first; then this one.
  record.finish();
  for (const one of earlier) record.take(one);
  record.followLink();
  const from = readCurrent(call.layout);
  const answer = record.take(own);
  // Our own has no file that an answer could stand beside.
  record.mark({ mark: 'forget-answer', request: own.id });
  return answered(call, { ...answer, data: { ...data(answer), from, daemon: false } });
}

const data = (answer: Answer) => (typeof answer.data === 'object' ? answer.data : {});

function waiting(call: Call): SeenRequest[] {
  // As the daemon asks: on a host, what others put there is nobody's word.
  const mayAsk = call.place.checkout === null ? isOperator : () => true;
  return listRequests(call.layout, mayAsk).requests.filter(
    (one) => one.request?.verb === 'rollback',
  );
}

/** The journal, the state that it gives, and the one step that is ours to do. */
class OneWriter {
  readonly #call: Call;
  readonly #journal: Journal;
  #state: State;

  constructor(call: Call, journal: Journal) {
    this.#call = call;
    this.#journal = journal;
    this.#state = journal.load();
  }

  /** Carry out one request, to its answer. */
  take(request: SeenRequest): Answer {
    this.#follow(requests(this.#view([request])));
    this.finish();
    const row = this.#state.answers.get(request.id);
    if (row === undefined) {
      const message = 'the rollback came to no end';
      throw new Failure('internal', { message, step: 'rollback', input: request.id });
    }
    return row.answer;
  }

  /** Take note of a link that somebody moved by hand, as the loop would. */
  followLink(): void {
    this.#follow(currentMoved(this.#view([])));
    this.finish();
  }

  /** The rollback under way, to its end: past targets that turn out damaged, if there are any. */
  finish(): void {
    for (;;) {
      const under = rollback(this.#state);
      if (under === null) return;
      this.#goOn(under);
      if (rollback(this.#state) === under) return;
    }
  }

  #goOn(under: Rollback): void {
    // A step that a crash cut off is done again, as the loop would.
    const key = under.to === null ? 'halt:host' : `flip:rollback:${under.to}`;
    const cut = this.#state.pending.get(key)?.step;
    const decided = cut === undefined ? rollingBack(this.#view([])).steps : [cut];
    const step = decided[0] ?? this.#again();
    if (step !== undefined) this.#do(step);
  }

  /** One that waits for its next try: an operator asks now. */
  #again(): Step | undefined {
    const later = { ...this.#view([]), now: Number.MAX_SAFE_INTEGER };
    return rollingBack(later).steps[0];
  }

  #do(step: Step): void {
    const key = stepKey(step);
    const at = this.#call.now();
    this.#write([{ at, type: 'intent', key, step }]);
    const outcome = this.#perform(step);
    this.#write([{ at: this.#call.now(), type: 'outcome', key, step, outcome }]);
    // A damaged target is on record now: what comes of it is decided there.
    if (outcome.of === 'failed' && outcome.reason.code === 'corrupt-release') return;
    if (outcome.of === 'failed') throw new Failure(outcome.reason.code, outcome.reason);
  }

  #perform(step: Step): Outcome {
    try {
      return flipComplete(this.#call.layout, step);
    } catch (error) {
      return { of: 'failed', reason: reasonOf(error, step.do) };
    }
  }

  #follow(decision: Decision): void {
    for (const mark of decision.marks) this.mark(mark);
    for (const step of decision.steps) this.#do(step);
  }

  mark(mark: Mark): void {
    this.#write([{ at: this.#call.now(), type: 'mark', mark }]);
  }

  #write(entries: readonly Entry[]): void {
    const puts: Put[] = [];
    for (const entry of entries) {
      const written = evolve(this.#state, entry, standIn);
      this.#state = apply(this.#state, written);
      puts.push(...written);
    }
    this.#journal.commit(entries, puts);
  }

  #view(seen: SeenRequest[]): View {
    const { layout, now } = this.#call;
    const facts: Facts = {
      tick: false,
      drops: [],
      unlooked: false,
      requests: seen,
      requestFiles: new Set(seen.map((one) => one.id)),
      switches: { readable: true, halts: [] },
      current: readCurrent(layout) ?? host(this.#state).current,
      agents: new Map(),
      underway: new Set(this.#state.pending.keys()),
      kept: [],
      hostInstall: false,
      policyFile: { policy: null, fault: null, kept: new Set<string>() },
      stopping: true,
    };
    return { state: this.#state, facts, policy: standIn, now: now() };
  }
}

/**
 * What a rollback needs of a policy, without the time that reading the file takes: that people
 * are to be told, and how long an agent waits after failures. The daemon looks, when it starts,
 * whether the policy names a command for the first.
 */
const standIn: PolicyInForce = {
  policy: {
    notify: { command: ['notify'] },
    get limits() {
      return defaults().limits;
    },
  } as Policy,
  folder: '/',
  file: 'none',
  digest: 'break-glass',
};

const defaults = () =>
  policySchema.parse({
    runtime: { source: '.', include: ['runtime'], entry: ['runtime'] },
    smoke: { suite: 'smoke' },
    models: {},
  });
