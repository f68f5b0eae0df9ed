/** Tables of proposals, releases and runs. */
import type { ProposalShape } from './shape/proposal.ts';
import type { ReleaseShape } from './shape/release.ts';
import type { RunShape } from './shape/run.ts';
import { line } from './show/escape.ts';
import type { Paint } from './show/paint.ts';
import { reasonLine } from './show/reason.ts';
import { table } from './show/table.ts';
import { ago } from './show/time.ts';
import { dollars, outcomeWord, phaseWord, stateWord } from './show/words.ts';

export function proposalsTable(rows: readonly ProposalShape[], paint: Paint, now: number): string {
  if (rows.length === 0) return 'No proposals.';
  return table(rows, [
    { head: 'PROPOSAL', cell: (row) => line(row.id, 120) },
    { head: 'PHASE', cell: (row) => phaseWord(row.phase, paint) + (row.held ? ' (held)' : '') },
    { head: 'RECEIVED', cell: (row) => ago(row.receivedAt, now) },
    { head: 'WHY IT STANDS THERE', cell: (row) => reasonLine(row.reason, 60) },
    { head: 'TITLE (AGENT)', cell: (row) => paint.dim(`"${line(row.title, 50)}"`) },
  ]);
}

export function releasesTable(rows: readonly ReleaseShape[], paint: Paint, now: number): string {
  if (rows.length === 0) return 'No releases.';
  return table(rows, [
    { head: 'RELEASE', cell: (row) => line(row.id) },
    { head: 'STATE', cell: (row) => stateWord(row.state, paint) },
    { head: 'MADE', cell: (row) => ago(row.createdAt, now) },
    { head: 'STABLE', cell: (row) => (row.stableAt === null ? '' : ago(row.stableAt, now)) },
    { head: 'PROPOSAL', cell: (row) => line(row.proposal ?? 'the first release', 120) },
  ]);
}

export function runsTable(rows: readonly RunShape[], paint: Paint, now: number): string {
  if (rows.length === 0) return 'No runs.';
  return table(rows, [
    { head: 'RUN', cell: (row) => line(row.id, 120) },
    { head: 'KIND', cell: (row) => row.kind + (row.rehearsed ? '*' : '') },
    { head: 'OUTCOME', cell: (row) => outcomeWord(row.outcome, row.cause, paint) },
    { head: 'STARTED', cell: (row) => ago(row.startedAt, now) },
    { head: 'STEPS', cell: (row) => `${row.steps}`, right: true },
    { head: 'USD', cell: (row) => dollars(row.usd), right: true },
    { head: 'RELEASE', cell: (row) => line(row.release) },
  ]).concat(rows.some((row) => row.rehearsed) ? '\n* answered by the rehearsal model' : '');
}
