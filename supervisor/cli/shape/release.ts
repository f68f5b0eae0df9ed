import type { Release, ReleaseState } from '../../model/release.ts';
import { deployment, host, type State } from '../../model/state.ts';

/** What a release is now; `current` wins. */
export function releaseState(row: Release, state: State): ReleaseState {
  if (host(state).current === row.id) return 'current';
  const slot = deployment(state);
  if (slot?.candidate?.release === row.id) return 'candidate';
  if (state.bad.has(row.digest)) return 'bad';
  return row.stableAt !== null && row.removedAt === null ? 'stable' : 'retired';
}

/** A release as lists and `show` give it (contract, section 3). */
export function releaseShape(row: Release, state: State) {
  const { id, digest, parent, proposal, stableAt, createdAt, removedAt } = row;
  const told = { id, digest, parent, proposal, state: releaseState(row, state), stableAt };
  return { ...told, createdAt, removedAt };
}
export type ReleaseShape = ReturnType<typeof releaseShape>;

/** A release whole. */
export function wholeRelease(row: Release, state: State) {
  const bad = state.bad.get(row.digest) ?? null;
  const { proposer, deps } = row;
  const damaged = row.damaged ?? null;
  return { schema: 1, ...releaseShape(row, state), proposer, deps, bad, damaged };
}
