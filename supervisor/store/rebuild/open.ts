import { basename } from 'node:path';
import { syncFolder } from '../../host/files/durable.ts';
import { listFolder, moveFile } from '../../host/files/files.ts';
import { stamp } from '../../model/duration.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure, type Reason } from '../../model/reason.ts';
import { type Journal, openJournal } from '../journal.ts';
import { journalGone, journalStanding } from '../lived.ts';
import { rebuild } from './rebuild.ts';

/** What a journal that had to be made anew does not know any more. */
export interface Anew {
  cause: Reason;
  /** Where the damaged file is now; null: there was none. */
  aside: string | null;
  lost: string[];
  unknownSpend: string[] | null;
}

/**
 * The journal, as it is; or, where its pages are damaged or it is gone from a host that has a
 * `current`, one made anew of what else is there. The damaged one is set aside, never removed.
 * Throws Failure `schema-newer` or `host-failed`: those are no damage.
 */
export function openOrRebuild(
  layout: Layout,
  now: () => number,
): { journal: Journal; anew: Anew | null } {
  if (journalStanding(layout) === 'gone')
    return makeAnew(layout, now, journalGone(layout, 'open journal').reason);
  try {
    return { journal: openReadable(layout, now), anew: null };
  } catch (error) {
    if (!(error instanceof Failure) || error.reason.code !== 'journal-damaged') throw error;
    return makeAnew(layout, now, error.reason);
  }
}

function openReadable(layout: Layout, now: () => number): Journal {
  const journal = openJournal(layout.journal, now);
  try {
    journal.load();
    return journal;
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** Its rows are in one transaction: a crash before leaves an empty journal, which is made again. */
function makeAnew(layout: Layout, now: () => number, cause: Reason) {
  const aside = setAside(layout, now());
  const { puts, ...known } = rebuild(layout, now());
  const making = `${layout.journal}.making`;
  const first = openJournal(making, now);
  first.commit([], puts);
  first.close();
  moveFile(making, layout.journal);
  syncFolder(layout.state);
  return { journal: openJournal(layout.journal, now), anew: { cause, aside, ...known } };
}

/** With its side files: a journal.db-wal that stays would be taken for the new one's. */
function setAside(layout: Layout, now: number): string | null {
  const there = listFolder(layout.state);
  const name = 'journal.db';
  const free = (at: number): string => {
    const to = `${name}.damaged-${stamp(at)}`;
    return there.includes(to) ? free(at + 1000) : to;
  };
  const to = free(now);
  const parts = ['-wal', '-shm', '-journal', ''].filter((end) => there.includes(`${name}${end}`));
  for (const end of parts) moveFile(`${layout.state}/${name}${end}`, `${layout.state}/${to}${end}`);
  for (const left of there.filter((one) => one.startsWith(`${name}.making`))) {
    moveFile(`${layout.state}/${left}`, `${layout.state}/${to}.${left.slice(name.length + 1)}`);
  }
  // Last, and told of that journal only: the new one is not to be measured by it.
  const head = basename(layout.journalHead);
  if (there.includes(head)) moveFile(layout.journalHead, `${layout.state}/${to}.${head}`);
  syncFolder(layout.state);
  return parts.includes('') ? `${layout.state}/${to}` : null;
}
