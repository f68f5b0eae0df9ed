import { advance } from './decide/evolve/entry.ts';
import { next } from './decide/next.ts';
import type { Decision, View } from './decide/view.ts';
import { nextWake } from './decide/wake.ts';
import type { Entry } from './model/entry.ts';
import type { Facts } from './model/fact.ts';
import type { Mark } from './model/mark.ts';
import type { PolicyInForce } from './model/policy.ts';
import { host, type Put, type State } from './model/state.ts';
import { type Outcome, type Step, stepKey } from './model/step.ts';

/*
 * Concurrency invariants of the loop:
 * - One turn at a time, on one thread, without an await in it: a decision sees one state.
 * - An intent is committed before its step starts; an outcome before anything follows from it.
 * - No step blocks a turn: `perform` returns at once and calls `settle` when the step has ended.
 * - A step's key is under way at most once.
 * - When a commit fails nothing was decided: outcomes stay queued, no step starts, and the next
 *   turn comes to the same decisions.
 */

/** The loop's hands and eyes; the simulation gives it others. */
export interface Ports {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that never step, whatever happens to the wall clock. */
  monotonic(): number;
  policy(): PolicyInForce;
  /** Look at the world. `tick`: the cron beat is among what woke the loop. */
  observe(state: State, seen: { tick: boolean }): Omit<Facts, 'underway' | 'stopping'>;
  /** Make entries and rows durable in one transaction, or throw. */
  commit(entries: readonly Entry[], puts: readonly Put[]): void;
  /** Start an effect; `settle` is called once, at once or later. Does not throw. */
  perform(step: Step, settle: (outcome: Outcome) => void): void;
  /** A step has ended outside of a turn: ask for one soon, together with what else ends now. */
  ended(): void;
  /** Ask for a turn at a time (milliseconds since 1970), replacing the last such wish. */
  wakeAt(at: number | null): void;
  /** A turn failed (null: one went through again); the loop tries again soon. */
  stuck(error: unknown): void;
}

/** Decisions in one turn before the loop lets others have the thread. */
const decisionsPerTurn = 10_000;
/** A wall clock that differs from the time that passed by more than this was set; milliseconds. */
const stepped = 2000;
/** When the journal cannot be written: try again after this, in milliseconds. */
const stuckPause = 1000;

export class Loop {
  #state: State;
  readonly #ports: Ports;
  readonly #underway = new Set<string>();
  readonly #ended: { key: string; step: Step; outcome: Outcome }[] = [];
  #turning = false;
  #stopping = false;
  #tick = false;
  #stuck = false;
  /** Both clocks at the last look. */
  #clocks: { wall: number; passed: number } | null = null;

  constructor(state: State, ports: Ports) {
    this.#state = state;
    this.#ports = ports;
  }

  get state(): State {
    return this.#state;
  }

  /** The last turn failed; the next is tried soon. */
  get stuck(): boolean {
    return this.#stuck;
  }

  get underway(): ReadonlySet<string> {
    return this.#underway;
  }

  /** Put a judgment from outside on record. Throws when the journal cannot be written. */
  note(...marks: Mark[]): void {
    const at = this.#now();
    this.#record(marks.map((mark): Entry => ({ at, type: 'mark', mark })));
  }

  /** Nothing new starts; what is under way may end. */
  stop(): void {
    this.#stopping = true;
  }

  /** One turn: take in what ended, look, decide, record, act, until there is nothing to decide. */
  turn(wake: { tick?: boolean } = {}): void {
    this.#tick ||= wake.tick === true;
    if (this.#turning) return;
    this.#turning = true;
    try {
      do this.#once();
      while (this.#ended.length > 0);
      this.#tick = false;
      if (this.#stuck) this.#ports.stuck(null);
      this.#stuck = false;
    } catch (error) {
      this.#stuck = true;
      this.#ports.stuck(error);
      this.#ports.wakeAt(this.#ports.now() + stuckPause);
    } finally {
      this.#turning = false;
    }
  }

  #once(): void {
    this.#readClocks();
    this.#takeIn();
    const facts = this.#facts();
    let view = this.#view(facts);
    for (let count = 0; count < decisionsPerTurn; count++) {
      const decision = next(view);
      if (decision.marks.length + decision.steps.length === 0) break;
      this.#carryOut(decision, view.now);
      // Another version of the policy may have come into force by what was decided.
      view = { ...view, state: this.#state, policy: this.#ports.policy() };
    }
    this.#ports.wakeAt(nextWake(view));
  }

  /**
   * Before anything is recorded at the new time: instants on record follow a clock that was set, or
   * that went on while the machine slept. A step while nobody looked is seen only if it went back.
   */
  #readClocks(): void {
    const wall = this.#ports.now();
    const passed = this.#ports.monotonic();
    const { lastTick } = host(this.#state);
    const expected =
      this.#clocks === null
        ? Math.max(wall, lastTick ?? wall)
        : this.#clocks.wall + passed - this.#clocks.passed;
    const by = wall - expected;
    if (Math.abs(by) > stepped) {
      this.#record([{ at: wall, type: 'mark', mark: { mark: 'clock', by } }]);
    }
    this.#clocks = { wall, passed };
  }

  #facts(): Facts {
    const seen = this.#ports.observe(this.#state, { tick: this.#tick });
    return { ...seen, underway: this.#underway, stopping: this.#stopping };
  }

  #view(facts: Facts): View {
    return { state: this.#state, facts, policy: this.#ports.policy(), now: this.#now() };
  }

  /** As of the last look at both clocks: one that is set amid a turn is seen by the next. */
  #now(): number {
    if (this.#clocks === null) return this.#ports.now();
    const { wall, passed } = this.#clocks;
    return wall + Math.floor(this.#ports.monotonic() - passed);
  }

  /** Outcomes of ended steps: durable first, then part of the state. */
  #takeIn(): void {
    const batch = this.#ended.slice();
    const at = this.#now();
    this.#record(batch.map((one): Entry => ({ at, type: 'outcome', ...one })));
    this.#ended.splice(0, batch.length);
    for (const { key } of batch) this.#underway.delete(key);
  }

  /** Judgments and intents in one transaction; only then do the steps start. */
  #carryOut(decision: Decision, at: number): void {
    const intents = decision.steps.map((step) => ({ key: stepKey(step), step }));
    this.#record([
      ...decision.marks.map((mark): Entry => ({ at, type: 'mark', mark })),
      ...intents.map((one): Entry => ({ at, type: 'intent', ...one })),
    ]);
    for (const { key, step } of intents) {
      this.#underway.add(key);
      this.#ports.perform(step, (outcome) => this.#settle(key, step, outcome));
    }
  }

  #settle(key: string, step: Step, outcome: Outcome): void {
    this.#ended.push({ key, step, outcome });
    if (!this.#turning) this.#ports.ended();
  }

  #record(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const { puts, state } = advance(this.#state, entries, this.#ports.policy());
    this.#ports.commit(entries, lastOfEach(puts));
    this.#state = state;
  }
}

/** Of several puts of one row in a transaction only the last matters. */
function lastOfEach(puts: readonly Put[]): Put[] {
  return [...new Map(puts.map((put) => [`${put.table} ${put.id}`, put])).values()];
}
