import { host } from '../../model/state.ts';
import { toldHeads } from '../../store/journal-head.ts';
import { openReaderOf, type Reader } from '../../store/reader.ts';
import { bad, type Finding, good } from '../finding.ts';
import type { Ground } from '../ground.ts';

/**
 * Every page of the journal hangs together, it has the schema that we read, its chain holds, and
 * an operator knows of everything that was found of it.
 */
export function journal(ground: Ground): Finding[] {
  const reader = openReaderOf(ground.layout);
  try {
    const faults = reader.damage();
    if (faults.length > 0) return [bad('the journal is damaged', damaged, faults.slice(0, 20))];
    return [...news(reader), ...chain(reader, ground)];
  } finally {
    reader.close();
  }
}

/** Entries from the end that a quick look follows; `airlock verify` follows them all. */
const recent = 100_000;

function chain(reader: Reader, { layout }: Ground): Finding[] {
  const known = new Set(host(reader.state()).knownFaults);
  const told = toldHeads(layout);
  const { head, checked, faults } = reader.together(() =>
    reader.chain({ last: recent, known: told }),
  );
  const fresh = faults.filter((one) => !known.has(one));
  if (fresh.length > 0) return [bad('the chain of the journal is broken', broken, fresh)];
  const end = head === null ? 'empty' : `at entry ${head.seq}, ${head.hash.slice(0, 12)}`;
  const older = faults.length > 0 ? `; known faults in it: ${faults.length}` : '';
  return [good(`the journal is whole, ${end}; its last ${checked} entries follow${older}`)];
}

function news(reader: Reader): Finding[] {
  const found = host(reader.state()).journal ?? null;
  if (found === null) return [];
  const set = found.aside === null ? '' : `; the old one is ${found.aside}`;
  const what =
    found.what === 'rebuilt'
      ? `the journal was damaged and made anew from files${set}`
      : 'the chain of the journal did not hold when the daemon started';
  return [bad(what, acknowledge, found.found)];
}

const acknowledge =
  'Read what was found, mend it by hand where it matters, then: `airlock acknowledge`.';
const broken =
  'Unless an older copy was put back, somebody wrote there who may not: find out who. Compare ' +
  'with the heads in the log (journalHead); `airlock verify` looks at all of it.';
const damaged =
  'Restart the daemon: it sets the file aside and makes the journal anew from releases, receipts ' +
  'and history. Or stop it and put a good copy back before.';
