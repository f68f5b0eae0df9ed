import type { Proposal } from '../../model/proposal.ts';
import type { Run } from '../../model/run.ts';

/** A run as lists give it (contract, section 3). */
export function runShape(row: Run) {
  const { id, agent, path, release, outcome, cause, startedAt, endedAt, usd, steps, kind } = row;
  const told = { id, agent, path, release, outcome, cause, startedAt, endedAt, usd, steps, kind };
  return { ...told, rehearsed: row.rehearsed };
}
export type RunShape = ReturnType<typeof runShape>;

/** A run whole; `refused`: those of its drops that were. */
export function wholeRun(row: Run, refused: readonly Proposal[]) {
  const { reason, durationMs, deployment, policy } = row;
  const drops = refused.map(
    (one) => `its drop ${one.file} was refused: ${one.reason?.code} (${one.id})`,
  );
  const notes = [...(row.notes ?? []), ...drops];
  return { schema: 1, ...runShape(row), reason, notes, durationMs, deployment, policy };
}
