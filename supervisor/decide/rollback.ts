import type { Reason } from '../model/reason.ts';
import { reason } from '../model/reason.ts';
import type { Release, ReleaseId } from '../model/release.ts';
import { deployment, host, type State, rollback as underway } from '../model/state.ts';
import { type Step, stepKey } from '../model/step.ts';
import { type Decision, mark, none, start, type View } from './view.ts';

/** Not removed nor being removed: a removal that began may have taken something already. */
export function isKept(state: State, release: Release | undefined): release is Release {
  if (release === undefined || release.removedAt !== null) return false;
  const key = `discard:release:${release.id}`;
  return !state.pending.has(key) && !state.retries.has(key);
}

/** Kept, and as far as anybody knows whole. */
export function isThere(state: State, release: Release | undefined): release is Release {
  return isKept(state, release) && !release.damaged;
}

/** It was `current` once, so it had passed its canary, or somebody's word stands for it. */
export const wasCurrent = (release: Release): boolean =>
  release.stableAt !== null || release.currentAt !== undefined;

/** Stable releases that may be started again, newest first. */
export function stableReleases(state: State): Release[] {
  return [...state.releases.values()]
    .filter((one) => one.stableAt !== null && isThere(state, one))
    .filter((one) => !state.bad.has(one.digest))
    .toSorted((a, b) => ((a.stableAt ?? '') < (b.stableAt ?? '') ? 1 : -1));
}

/**
 * Where a rollback may go, the best first: the newest stable releases other than `current`. Those
 * before one that is stable itself come first: who goes back twice goes further back.
 */
export function rollbackTargets(state: State): ReleaseId[] {
  const { current } = host(state);
  const now = current === null ? undefined : state.releases.get(current);
  const others = stableReleases(state).filter((one) => one.digest !== now?.digest);
  const since = now?.stableAt ?? null;
  const before = (one: Release) => since === null || (one.stableAt ?? '') < since;
  return [...others.filter(before), ...others.filter((one) => !before(one))].map((one) => one.id);
}

/** Where a rollback goes; null: no stable release is left. */
export const rollbackTarget = (state: State): ReleaseId | null => rollbackTargets(state)[0] ?? null;

/** A rollback under way: flip, or halt the host where no stable release is left. */
export function rollingBack(view: View): Decision {
  const rollback = underway(view.state);
  if (rollback === null) return none;
  // Flips come one after another, so that the last one decided is the one that lasts.
  if (flipping(view.state)) return none;
  if (rollback.to === null) return start(view, { do: 'halt', reason: rollback.reason.message });
  return start(view, { do: 'flip', to: rollback.to, from: null, why: 'rollback' });
}

/**
 * Where `current` belongs: where it was, unless that is barred and there is something better. Null:
 * where it was is damaged and nothing else is left; the host was halted when that was found.
 */
function home(state: State, current: ReleaseId): ReleaseId | null {
  const row = state.releases.get(current);
  if (row?.damaged) return rollbackTarget(state);
  const bad = row !== undefined && state.bad.has(row.digest);
  return (bad ? rollbackTarget(state) : null) ?? current;
}

/** `current` is being moved right now, for this reason or for any. */
export const flipping = (state: State, why: FlipWhy | null = null): boolean =>
  [...state.pending.values()].some(
    ({ step }) => step.do === 'flip' && (why === null || step.why === why),
  );

type FlipWhy = (Step & { do: 'flip' })['why'];

/** Begin a rollback on evidence or on an operator's word. */
export function beginRollback(
  view: View,
  why: { reason: Reason; by: string; bad: boolean; to?: ReleaseId; request?: string },
): Decision {
  return mark({
    mark: 'rollback',
    from: host(view.state).current,
    to: why.to ?? rollbackTarget(view.state),
    reason: why.reason,
    by: why.by,
    bad: why.bad,
    clear: why.to !== undefined,
    request: why.request ?? null,
  });
}

/** `current` is not what the journal says: somebody moved it, or the link is gone. */
export function currentMoved(view: View): Decision {
  const { state, facts } = view;
  const { current } = host(state);
  if (current === null || facts.current === current) return none;
  // A promotion looks for itself: its flip may be done, and only not yet known to be durable.
  if (flipping(state) || deployment(state)?.phase === 'promoting') return none;
  if (underway(state) !== null) return none;
  const known = facts.current === null ? undefined : state.releases.get(facts.current);
  if (!isThere(state, known) || state.bad.has(known.digest)) {
    const to = home(state, current);
    return to === null ? none : setRight(view, to);
  }
  return mark({ mark: 'current-moved', release: known.id, was: current, by: 'unknown' });
}

/** Back to where it belongs; said once, however often the flip must be tried. */
function setRight(view: View, to: ReleaseId): Decision {
  const { state, facts } = view;
  const flip: Step = { do: 'flip', to, from: null, why: 'rollback' };
  const { steps } = start(view, flip);
  if (steps.length === 0 || state.retries.has(stepKey(flip))) return { marks: [], steps };
  const back = { to, because: whyNot(state, facts.current) };
  const release = facts.current;
  const was = host(state).current;
  return { marks: [{ mark: 'current-moved', release, was, by: 'unknown', back }], steps };
}

/** Why `current` may not be what the link says. */
function whyNot(state: State, link: ReleaseId | null): string {
  if (link === null) return 'the link is gone or leads to no release';
  const row = state.releases.get(link);
  if (row === undefined) return 'no such release is on record';
  if (!isKept(state, row)) return 'this release was removed';
  return row.damaged ? 'this release is damaged' : 'this release is barred';
}

export const noStable = (cause: string): Reason =>
  reason('no-stable-release', {
    message: 'no stable release is left to go back to: the host is halted',
    step: 'rollback',
    expected: 'a stable release other than current',
    cause,
  });

/** Releases whose agents a decision may ask for. */
export function releasesThatMatter(state: State): Set<string> {
  const slot = deployment(state);
  const stable = stableReleases(state)[0]?.id;
  const ids = [host(state).current, slot?.onto, slot?.candidate?.release, stable];
  return new Set(ids.filter((id): id is string => typeof id === 'string'));
}
