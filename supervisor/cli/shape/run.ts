import type { Run } from '../../model/run.ts';

/** A run as lists give it (contract, section 3). */
export function runShape(row: Run) {
  const { id, agent, path, release, outcome, cause, startedAt, endedAt, usd, steps, kind } = row;
  const told = { id, agent, path, release, outcome, cause, startedAt, endedAt, usd, steps, kind };
  return { ...told, rehearsed: row.rehearsed };
}
export type RunShape = ReturnType<typeof runShape>;

/** A run whole. */
export function wholeRun(row: Run) {
  const { reason, durationMs, deployment, policy } = row;
  return { schema: 1, ...runShape(row), reason, durationMs, deployment, policy };
}
