import type { Entry } from '../../supervisor/model/entry.ts';
import { stepKey } from '../../supervisor/model/step.ts';
import type { Told } from './history.ts';

/** A history as lines that a person can follow: what was decided, begun and ended, and when. */
export function timeline({ seed, entries, violation }: Told): string {
  const lines = entries.map(({ entry }) => `${new Date(entry.at).toISOString()}  ${line(entry)}`);
  const end = violation === null ? 'no invariant was broken' : `BROKEN  ${violation.message}`;
  return [`seed ${seed}`, ...lines, end].join('\n');
}

function line(entry: Entry): string {
  if (entry.type === 'intent') return `begin    ${stepKey(entry.step)}${details(entry.step)}`;
  if (entry.type === 'outcome') {
    const { outcome } = entry;
    const why = 'reason' in outcome ? ` ${outcome.reason.message}` : '';
    return `end      ${entry.key} ${outcome.of}${why}${details(outcome)}`;
  }
  const { mark, ...rest } = entry.mark;
  return `judged   ${mark} ${JSON.stringify(rest).slice(0, 300)}`;
}

function details(of: object): string {
  if ('run' in of && typeof of.run === 'object' && of.run !== null && 'release' in of.run) {
    return ` on ${of.run.release}`;
  }
  if ('ending' in of) {
    const { exit, stoppedBy } = of.ending as { exit: number | null; stoppedBy: string | null };
    return ` exit ${exit}, stopped by ${stoppedBy}`;
  }
  if ('id' in of) return ` as ${String(of.id)}`;
  return 'from' in of ? ` from ${String(of.from)}` : '';
}

/** What a failing test says: the invariant, and how to see it happen again. */
export function howToReplay(told: Told): string {
  const last = timeline({ ...told, entries: told.entries.slice(-12) });
  return `${told.violation?.message}\n  replay: npx tsx test/simulation/replay.ts ${told.seed}\n${last}`;
}
