/** Tables of proposals, releases and runs. */

import type { Call } from './call.ts';
import type { ProposalShape } from './shape/proposal.ts';
import type { ReleaseShape } from './shape/release.ts';
import type { RunShape } from './shape/run.ts';
import { line, uncut } from './show/escape.ts';
import type { Paint } from './show/paint.ts';
import { reasonLine } from './show/reason.ts';
import { type Column, table } from './show/table.ts';
import { ago } from './show/time.ts';
import { dollars, outcomeWord, phaseWord, stateWord } from './show/words.ts';

type Look = Pick<Call, 'paint' | 'now' | 'columns'>;

/** The title is what shrinks: an id is there to be copied. */
export function proposalsTable(rows: readonly ProposalShape[], call: Look): string {
  if (rows.length === 0) return 'No proposals.';
  const { paint } = call;
  const now = call.now();
  const title = (text: string, room: number) =>
    paint.dim(`"${clipped(line(text, 200), Math.min(50, room - 2))}"`);
  const columns: Column<ProposalShape>[] = [
    { head: 'PROPOSAL', cell: (row) => uncut(row.id) },
    { head: 'PHASE', cell: (row) => phaseWord(row.phase, paint) + (row.held ? ' (held)' : '') },
    { head: 'RECEIVED', cell: (row) => ago(row.receivedAt, now) },
    { head: 'WHY IT STANDS THERE', cell: (row) => reasonLine(row.reason, 60) },
    { head: 'TITLE (AGENT)', cell: (row, room) => title(row.title, room) },
  ];
  return table(rows, columns, call.columns);
}

/** At least a few characters: a narrow screen wraps. */
function clipped(text: string, room: number): string {
  const most = Math.max(12, room);
  const signs = [...text];
  return signs.length <= most ? text : `${signs.slice(0, most - 3).join('')}...`;
}

export function releasesTable(rows: readonly ReleaseShape[], paint: Paint, now: number): string {
  if (rows.length === 0) return 'No releases.';
  return table(rows, [
    { head: 'RELEASE', cell: (row) => uncut(row.id) },
    { head: 'STATE', cell: (row) => stateWord(row.state, paint) },
    { head: 'MADE', cell: (row) => ago(row.createdAt, now) },
    { head: 'STABLE', cell: (row) => (row.stableAt === null ? '' : ago(row.stableAt, now)) },
    { head: 'PROPOSAL', cell: (row) => uncut(row.proposal ?? 'the first release') },
  ]);
}

export function runsTable(rows: readonly RunShape[], paint: Paint, now: number): string {
  if (rows.length === 0) return 'No runs.';
  return table(rows, [
    { head: 'RUN', cell: (row) => uncut(row.id) },
    { head: 'KIND', cell: (row) => row.kind + (row.rehearsed ? '*' : '') },
    { head: 'OUTCOME', cell: (row) => outcomeWord(row.outcome, row.cause, paint) },
    { head: 'STARTED', cell: (row) => ago(row.startedAt, now) },
    { head: 'STEPS', cell: (row) => `${row.steps}`, right: true },
    { head: 'USD', cell: (row) => dollars(row.usd), right: true },
    { head: 'RELEASE', cell: (row) => uncut(row.release) },
  ]).concat(rows.some((row) => row.rehearsed) ? '\n* answered by the rehearsal model' : '');
}
