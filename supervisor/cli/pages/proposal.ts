import type { GateResult } from '../../model/proposal.ts';
import type { Run } from '../../model/run.ts';
import type { Call } from '../call.ts';
import type { wholeProposal } from '../shape/proposal.ts';
import { block, line, uncut } from '../show/escape.ts';
import type { Paint } from '../show/paint.ts';
import { reasonText } from '../show/reason.ts';
import { facts, table } from '../show/table.ts';
import { ago, span } from '../show/time.ts';
import { outcomeWord, phaseWord } from '../show/words.ts';

type Whole = ReturnType<typeof wholeProposal>;

/** A proposal on a page: what was computed first, what its agent says last. */
export function proposalText(whole: Whole, runs: readonly Run[], call: Call): string {
  const { paint } = call;
  const now = call.now();
  const parts = [
    heading(whole, paint, now),
    whole.reason === null ? '' : reasonText(whole.reason, paint),
    section(
      'Authority',
      whole.authority.map((one) => `  ${line(one.message, 500)}`),
      paint,
    ),
    section(
      'Gates',
      whole.gates.flatMap((gate) => gateLines(gate, paint)),
      paint,
    ),
    runs.length === 0 ? '' : `${paint.bold('Runs')}\n${runLines(runs, paint)}`,
    section('History', historyLines(whole, paint), paint),
    paths(whole, paint),
    said(whole, paint),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function heading(whole: Whole, paint: Paint, now: number): string {
  const { id, phase, held, proposer, receivedAt, base, release, digest, approval } = whole;
  const state = `${phaseWord(phase, paint)}${held ? paint.yellow(' (held for an operator)') : ''}`;
  return facts([
    ['proposal', paint.bold(uncut(id))],
    ['phase', state],
    ['from', `${proposer}, ${ago(receivedAt, now)}`],
    ['run', whole.run === null ? null : uncut(whole.run)],
    ['base', base === null ? null : line(base)],
    ['release', release],
    ['digest', digest],
    ['approved', approval === null ? null : `by ${approval.by}, ${ago(approval.at, now)}`],
    ['canary', whole.canary === null ? null : `${whole.canary.agent}: ${whole.canary.outcome}`],
  ]);
}

function section(title: string, lines: readonly string[], paint: Paint): string {
  return lines.length === 0 ? '' : [paint.bold(title), ...lines].join('\n');
}

/** A gate, and under it everything that it found. */
export function gateLines(gate: GateResult, paint: Paint): string[] {
  const { name, outcome, ms, findings } = gate;
  const sign = outcome === 'pass' ? paint.green('pass') : paint.red(outcome);
  const head = `  ${name.padEnd(7)} ${sign}  ${paint.dim(span(ms))}`;
  const told = findings
    .slice(0, 20)
    .flatMap(({ subject, reason }) => [
      `    ${paint.bold(line(subject, 200))}`,
      reasonText(reason, paint).replace(/^/gm, '      '),
    ]);
  const more = findings.length - 20;
  return [head, ...told, ...(more > 0 ? [`    ... and ${more} more findings (--json)`] : [])];
}

function runLines(runs: readonly Run[], paint: Paint): string {
  return table(runs, [
    { head: '  RUN', cell: (run) => `  ${uncut(run.id)}` },
    { head: 'KIND', cell: (run) => run.kind },
    { head: 'OUTCOME', cell: (run) => outcomeWord(run.outcome, run.cause, paint) },
    { head: 'TOOK', cell: (run) => (run.durationMs === null ? '' : span(run.durationMs)) },
    { head: 'WHY', cell: (run) => line(run.reason?.message ?? '', 80) },
  ]);
}

function historyLines({ history }: Whole, paint: Paint): string[] {
  return history.map(({ phase, at, reason }, index) => {
    const next = history[index + 1];
    const took = next === undefined ? '' : `  ${span(Date.parse(next.at) - Date.parse(at))}`;
    const why = reason === null ? '' : `  ${paint.dim(line(reason.message, 80))}`;
    return `  ${at.replace('T', ' ').slice(0, 23)}  ${phaseWord(phase, paint)}${took}${why}`;
  });
}

function paths({ paths: all, form }: Whole, paint: Paint): string {
  if (all.length === 0) return '';
  const shown = all.slice(0, 30).map((path) => `  ${line(path, 300)}`);
  const more = all.length > 30 ? [`  ... and ${all.length - 30} more`] : [];
  return [paint.bold(`Paths, as the ${form} names them`), ...shown, ...more].join('\n');
}

function said({ proposer, title, why }: Whole, paint: Paint): string {
  const text = why === '' ? title : `${title}\n\n${why}`;
  return `${paint.bold(`${proposer} says`)} ${paint.dim('(not checked)')}\n${block(text)}`;
}
