import { kindOf } from '../../host/files/files.ts';
import { deployment, host } from '../../model/state.ts';
import { bad, type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';
import { wayBack } from '../way-back.ts';

/** `current` leads to a complete release, the one on record, every byte as its manifest says. */
export function current(ground: Ground): Finding[] {
  const link = ground.current();
  // The bytes first: they are told although the journal cannot be read.
  const broken = link === null ? null : differs(ground, link);
  if (broken !== null) return [broken];
  const state = ground.state();
  const recorded = host(state).current;
  if (link === null && recorded === null && deployment(state) !== null) {
    return [warn('the first release is on its way', 'Wait for it: `airlock status`.')];
  }
  if (link === null) {
    const why = kindOf(ground.layout.current) === 'absent' ? 'is not there' : 'is no link';
    const remedy =
      recorded === null
        ? 'Start the daemon: it makes the first release.'
        : `A daemon that starts puts it back. Without one: ${wayBack(ground)}`;
    return [bad(`current ${why}`, remedy)];
  }
  if (recorded !== null && recorded !== link) {
    const message = `current is ${link}, the journal says ${recorded}: somebody moved it`;
    return [
      bad(message, 'A running daemon takes note or puts it back: `airlock start` if none runs.'),
    ];
  }
  return [good(`current is ${link}, every file as its manifest says`)];
}

function differs(ground: Ground, link: string): Finding | null {
  const faults = ground.verify(link);
  if (faults.length === 0) return null;
  const remedy = `${wayBack(ground)} Then find out who wrote there.`;
  const details = faults.slice(0, 20).map((one) => `${one.input ?? ''}: ${one.message}`);
  return bad(`the current release ${link} differs from its manifest`, remedy, details);
}
