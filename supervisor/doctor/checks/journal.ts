import { openReader } from '../../store/reader.ts';
import { bad, type Finding, good } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** Every page of the journal hangs together, and it has the schema that we read. */
export function journal({ layout }: Ground): Finding[] {
  const reader = openReader(layout.journal);
  try {
    const faults = reader.damage();
    if (faults.length === 0) return [good('the journal is whole')];
    return [bad('the journal is damaged', remedy, faults.slice(0, 20))];
  } finally {
    reader.close();
  }
}

const remedy =
  'Stop the daemon, keep the file, and put the newest good copy back: journal.db.v* beside it.';
