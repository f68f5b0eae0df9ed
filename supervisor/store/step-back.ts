import { openForReading } from '../host/database.ts';
import { syncFolder } from '../host/files/durable.ts';
import { kindOf, moveFile } from '../host/files/files.ts';
import { stamp } from '../model/duration.ts';
import type { Layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';
import { takeLock } from './lock.ts';
import { expectVersion, schemaVersion, upgrades } from './schema.ts';

/** A journal of a newer Airlock that made way for the copy it had made before it upgraded. */
export interface SteppedBack {
  /** Where the newer one is now; what only it knows is in there. */
  aside: string;
  from: string;
}

/**
 * After a newer Airlock was taken back: the journal as it was before the newer one upgraded it.
 * null: this Airlock can read the journal as it is, or there is none. Nothing is removed.
 * Throws Failure `already-running`, `schema-newer` where no copy was left, or what reading throws.
 */
export function stepBack(layout: Layout, now: number, list = upgrades): SteppedBack | null {
  const lock = takeLock(layout);
  if (lock === null) {
    const message = `a supervisor runs on ${layout.root}`;
    throw new Failure('already-running', { message, step: 'step back', input: layout.root });
  }
  try {
    const newer = newerJournal(layout.journal, list);
    if (newer === null) return null;
    const copy = `${layout.journal}.v${schemaVersion(list)}`;
    if (kindOf(copy) !== 'file') throw newer;
    const aside = `${layout.journal}.newer-${stamp(now)}`;
    // Its side files first: left beside the copy they would be taken for the copy's.
    for (const end of ['-wal', '-shm', '']) {
      const file = `${layout.journal}${end}`;
      if (kindOf(file) === 'file') moveFile(file, `${aside}${end}`);
    }
    moveFile(copy, layout.journal);
    syncFolder(layout.state);
    return { aside, from: copy };
  } finally {
    lock.release();
  }
}

/** Why this Airlock cannot read it: it is newer. null where it can, and for an older one. */
function newerJournal(file: string, list: typeof upgrades): Failure | null {
  const database = openForReading(file);
  if (database === null) return null;
  try {
    expectVersion(database, file, list);
    return null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.reason.code === 'schema-older') return null;
    if (error.reason.code === 'schema-newer') return error;
    throw error;
  } finally {
    database.close();
  }
}
