import type { Loop } from '../../../supervisor/loop.ts';
import { deployment, host, rollback, type State } from '../../../supervisor/model/state.ts';
import type { Oracle } from '../oracle.ts';

const active: ReadonlySet<string> = new Set(['staging', 'gating', 'canary', 'promoting', 'baking']);

/** What must hold whenever the loop has looked and has nothing more to decide. */
export function checkRest(oracle: Oracle, loop: Loop, stopping: boolean): void {
  const { state } = loop;
  checkCurrent(oracle, state);
  checkSlot(oracle, state);
  checkPending(oracle, state, loop);
  if (!stopping) checkRollback(oracle, state);
  checkStops(oracle, state);
  checkRuns(oracle, state);
  checkWork(oracle, state);
  checkWaits(oracle, state);
}

/** No wait is longer than anybody decided to wait, whatever happened to the clock. */
function checkWaits(oracle: Oracle, state: State): void {
  const { wall } = oracle.world;
  const bound = (what: string, until: number, most: number) => {
    const late = () => `${what} waits ${until - wall} ms`;
    oracle.check(until - wall <= most + oracle.records.unseen, 'waits', late);
  };
  for (const retry of state.retries.values()) bound(`retry ${retry.key}`, retry.at, 60_000);
  const slot = deployment(state);
  if (slot?.canary) bound('the canary', slot.canary.deadline, 10 * 60_000);
  if (slot?.bake) bound('the bake', slot.bake.startedAt, 0);
  if (slot?.bake?.confirm) bound('the rerun', slot.bake.confirm.notBefore, 16 * 60_000);
  for (const run of slot?.bake?.runs ?? []) bound(`after ${run.id}`, run.endedAt, 0);
}

/** Nothing is built, rehearsed or installed for a change that has ended or stands still. */
function checkWork(oracle: Oracle, state: State): void {
  const slot = deployment(state);
  const on = (name: string) =>
    oracle.facts?.switches.halts.some(({ scope }) => scope === name) ?? false;
  const locked = on('lockdown');
  const halted = on('host');
  for (const { key, step } of state.pending.values()) {
    const release = step.do === 'build' || step.do === 'smoke' || step.do === 'deps';
    if (!release && step.do !== 'stage') continue;
    const mine = release
      ? slot?.phase === 'gating' && slot.candidate?.release === step.release
      : slot?.phase === 'staging' && slot.proposal === step.proposal;
    const still = (halted && step.do === 'smoke') || locked || rollback(state) !== null;
    const cancelled = [...state.pending.keys(), ...state.retries.keys()].includes(`cancel:${key}`);
    const why = () => `${key} goes on for nothing: slot ${slot?.proposal} ${slot?.phase}`;
    oracle.check((mine && !still) || cancelled, 'cancel', why);
  }
}

const flipping = (state: State): boolean =>
  [...state.pending.keys(), ...state.retries.keys()].some((key) => key.startsWith('flip:'));

function checkCurrent(oracle: Oracle, state: State): void {
  const { disk } = oracle.world;
  const { current } = host(state);
  if (disk.current !== null) {
    const there = disk.releases.has(disk.current);
    oracle.check(there, 'invariant 1', () => `current names ${disk.current}, which is not there`);
  }
  if (flipping(state) || rollback(state) !== null || oracle.world.weather.full) return;
  if (deployment(state)?.phase === 'promoting') return;
  // Damaged, gone, and nothing else is left: the host was halted when that was found.
  if (state.releases.get(current ?? '')?.damaged) return;
  const same = current === null || disk.current === current;
  const other = () => `the journal says ${current}, the link ${disk.current}`;
  oracle.check(same, 'invariant 1', other);
  checkWatched(oracle, state, current);
}

/** What is current is stable, or bakes, or is current on somebody's word. */
function checkWatched(oracle: Oracle, state: State, current: string | null): void {
  const row = current === null ? undefined : state.releases.get(current);
  if (row === undefined || row.stableAt !== null || oracle.records.vouched.has(row.id)) return;
  const slot = deployment(state);
  const bakes = slot?.phase === 'baking' && slot.candidate?.release === row.id;
  oracle.check(bakes, 'bake', () => `${row.id} is current and nothing watches it`);
}

function checkSlot(oracle: Oracle, state: State): void {
  const slot = deployment(state);
  const open = [...state.proposals.values()].filter((one) => active.has(one.phase));
  const right = slot === null || slot.proposal === null ? open.length === 0 : open.length === 1;
  const names = () => `slot ${slot?.proposal}, open ${open.map((one) => `${one.id} ${one.phase}`)}`;
  oracle.check(right, 'one deployment', names);
  const [only] = open;
  if (only === undefined || !right) return;
  oracle.check(only.id === slot?.proposal && only.phase === slot.phase, 'one deployment', names);
}

/** Nothing waits for an outcome that nobody will bring. */
function checkPending(oracle: Oracle, state: State, loop: Loop): void {
  for (const key of state.pending.keys()) {
    // What was to be removed is not, while somebody has `current` name it.
    if (key === `discard:release:${oracle.world.disk.current}`) continue;
    oracle.check(loop.underway.has(key), 'invariant 5', () => `nobody works on ${key}`);
  }
}

/** A rollback flips or halts at once, whatever else is going on. */
function checkRollback(oracle: Oracle, state: State): void {
  if (rollback(state) === null) return;
  const moving =
    flipping(state) || state.pending.has('halt:host') || state.retries.has('halt:host');
  oracle.check(moving, 'invariant 6', () => 'a rollback waits for something else');
}

/** What is halted is being stopped. */
function checkStops(oracle: Oracle, state: State): void {
  const switches = oracle.facts?.switches;
  for (const run of state.runs.values()) {
    const halted =
      switches?.readable === false ||
      switches?.halts.some(
        ({ scope, target }) =>
          scope === 'host' ||
          (scope === 'agent' && target === run.agent) ||
          (scope === 'run' && target === run.id),
      );
    const digest = state.releases.get(run.release)?.digest ?? '';
    const bad = oracle.records.bad.has(digest) && host(state).current !== run.release;
    const key = `stop:${run.id}`;
    const stopping = state.pending.has(key) || state.retries.has(key);
    const still = () => `${run.id} goes on: halted ${halted}, bad ${bad}`;
    oracle.check(stopping || !(halted || bad), halted ? 'invariant 7' : 'invariant 2', still);
  }
}

/** Every run that the journal has for going on is a process, or its end is about to be told. */
function checkRuns(oracle: Oracle, state: State): void {
  for (const run of state.runs.values()) {
    const known = oracle.world.processes.get(run.id);
    if (known === undefined) continue;
    const same = known.spec.release === run.release && known.spec.agent.name === run.agent;
    oracle.check(same, 'invariant 3', () => `${run.id} is not on the release it began on`);
  }
  for (const process of oracle.world.processes.values()) {
    const there = state.runs.has(process.spec.id);
    oracle.check(there, 'invariant 5', () => `${process.spec.id} runs and the journal lost it`);
  }
}
