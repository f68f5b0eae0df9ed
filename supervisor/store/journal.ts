/**
 * The journal: what was about to be done, what came of it, what was judged, and the rows that
 * follow from it. One process writes it, the holder of the writer lock. A commit is one
 * transaction, on the disk when it returns: entries without their rows, or rows without their
 * entries, are never seen by anybody.
 */

import {
  closeAfterWriting,
  type Database,
  guarded,
  openForWriting,
  type Statement,
} from '../host/database.ts';
import { followed, lookAt } from '../host/files/records.ts';
import { redacted } from '../host/secrets.ts';
import { type Entry, subjectOf } from '../model/entry.ts';
import type { Proposal } from '../model/proposal.ts';
import { Failure } from '../model/reason.ts';
import { type Put, type State, type Table, tableNames } from '../model/state.ts';
import { chainWriter, type Head, headOf, nameOf, origin, putsText } from './chain.ts';
import { type ChainReport, checkChain } from './chain-check.ts';
import { memoryBeside } from './remembered.ts';
import { liveRows } from './rows.ts';
import { damage, upgrade, upgrades } from './schema.ts';

export interface Journal {
  /** Write entries and rows, both or neither. Throws Failure `host-failed` or `journal-damaged`. */
  commit(entries: readonly Entry[], puts: readonly Put[]): void;
  /** All live rows. */
  load(): State;
  /** The last entry and its hash; null while there is none. */
  head(): Head | null;
  /** Look whether the chain holds: see `chain-check.ts`. */
  check(asked: { last?: number; known?: readonly Head[] }): ChainReport;
  /** Why what a rebuild goes by was not written beside it since the last call; null: it was. */
  unremembered(): unknown;
  /** Flush and leave the file readable for everybody who may read it. */
  close(): void;
}

/** Open or make the journal. Throws Failure `schema-newer`, `journal-damaged`, `host-failed`. */
export function openJournal(file: string, now: () => number, list = upgrades): Journal {
  const database = openForWriting(file);
  try {
    upgrade(database, file, list);
    checkPages(database, file);
    return guarded(file, 'open journal', () => journalOn(database, file, now));
  } catch (error) {
    database.close();
    throw error;
  }
}

/** As it is written: without secrets, before anything is hashed. */
function clean<T>(value: T): T {
  const text = JSON.stringify(value);
  const shown = redacted(text);
  return shown === text ? value : (JSON.parse(shown) as T);
}

function journalOn(database: Database, file: string, now: () => number): Journal {
  const write = { entries: entryWriter(database), row: rowWriter(database, now) };
  const mustBeOurs = guardOf(file);
  const memory = memoryBeside(file, now);
  let head = headOf(database);
  const all = database.transaction((entries: readonly Entry[], puts: readonly Put[]) => {
    const end = write.entries(head, entries, puts);
    for (const put of puts) write.row(put, entries.at(-1)?.at);
    return end;
  });
  return {
    commit: (entries, puts) => {
      if (entries.length + puts.length === 0) return;
      mustBeOurs();
      const shown = [clean(entries), clean(puts)] as const;
      head = guarded(file, 'commit', () => all.immediate(...shown));
      memory.follow(shown[1]);
    },
    load: () => {
      const read = database.transaction(() => liveRows(database));
      const state = guarded(file, 'load journal', read);
      memory.begin(state);
      return state;
    },
    head: () => head,
    unremembered: memory.fault,
    check: (asked) => guarded(file, 'check journal', () => checkChain(database, asked)),
    close: () => guarded(file, 'close journal', () => closeAfterWriting(database)),
  };
}

/**
 * A file that was taken away or replaced goes on being written by who has it open, and nobody
 * would ever read it: what is decided then would be on no record.
 */
function guardOf(file: string): () => void {
  const inode = () => lookAt(followed(file))?.ino;
  const ours = inode();
  return () => {
    if (inode() === ours) return;
    const message = 'the journal was taken away or replaced while it was being written';
    const expected = 'the file that was opened: a restart finds, or makes, another';
    throw new Failure('journal-damaged', { message, step: 'commit', input: file, expected });
  };
}

/**
 * The hash before is what this process wrote last, not what stands in the file: who writes there
 * behind its back breaks the chain.
 */
function entryWriter(database: Database) {
  const chain = chainWriter(database);
  return (before: Head | null, given: readonly Entry[], puts: readonly Put[]): Head | null => {
    const names = putsText(puts.map(nameOf));
    const entries = given.length > 0 ? given : [covering(puts)];
    let head = before;
    for (const [place, entry] of entries.entries()) {
      const line = { at: entry.at, type: entry.type, subject: subjectOf(entry) };
      const last = place === entries.length - 1;
      const data = JSON.stringify(entry);
      head = chain.add(head?.hash ?? origin, { ...line, data, puts: last ? names : null });
    }
    return head;
  };
}

function rowWriter(database: Database, now: () => number) {
  const phase = phaseWriter(database);
  const upsert = statements(database, upsertRow);
  const remove = statements(database, (table) => `DELETE FROM ${table} WHERE id = ?`);
  let place = lastPlace(database);
  return (put: Put, at = now()) => {
    if (put.value === null) {
      remove[put.table].run(put.id);
      return;
    }
    place += 1;
    upsert[put.table].run(put.id, put.live ? 1 : 0, place, JSON.stringify(put.value));
    if (put.table === 'proposals') phase(put.id, put.value, at);
  };
}

/** A row that stays live stays in its place, as a key of a Map does. */
const upsertRow = (table: Table) => `
  INSERT INTO ${table} (id, live, place, json) VALUES (?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    place = CASE WHEN live = 1 AND excluded.live = 1 THEN place ELSE excluded.place END,
    live = excluded.live, json = excluded.json`;

/** Keeps each phase that a proposal came to, when and why. */
function phaseWriter(database: Database) {
  const last = database
    .prepare('SELECT phase FROM phases WHERE proposal = ? ORDER BY rowid DESC LIMIT 1')
    .pluck();
  const insert = database.prepare(
    'INSERT INTO phases (proposal, at, phase, reason) VALUES (?, ?, ?, ?)',
  );
  return (id: string, { phase, reason }: Proposal, at: number) => {
    if (last.get(id) !== phase) insert.run(id, at, phase, reason && JSON.stringify(reason));
  };
}

function statements(database: Database, sql: (table: Table) => string) {
  const pairs = tableNames.map((table) => [table, database.prepare(sql(table))]);
  return Object.fromEntries(pairs) as Record<Table, Statement>;
}

function lastPlace(database: Database): number {
  const places = tableNames.map((table) => {
    const query = `SELECT coalesce(max(place), 0) FROM ${table} WHERE live = 1`;
    return database.prepare(query).pluck().get() as number;
  });
  return Math.max(...places);
}

/** The state's own pages are read at each start; a long journal is doctor's to read. */
function checkPages(database: Database, file: string): void {
  const faults = guarded(file, 'open journal', () => damage(database, tablesToRead(database)));
  if (faults.length === 0) return;
  const message = `${file} is damaged`;
  const parts = { message, step: 'open journal', input: file, actual: faults[0] ?? null };
  throw new Failure('journal-damaged', { ...parts, expected: 'pages that hang together' });
}

/** A short journal is read whole: half a second at most. */
const shortPages = 16_384;

function tablesToRead(database: Database): readonly string[] {
  const pages = database.pragma('page_count', { simple: true }) as number;
  return pages <= shortPages ? [] : stateTables;
}

/** Small ones: tables that hold little beside their live rows. */
const stateTables = tableNames.filter((name) => name !== 'runs');

/** Rows that come without an entry get one that names them. */
function covering(puts: readonly Put[]): Entry {
  return { at: 0, type: 'mark', mark: { mark: 'covered', rows: puts.length } };
}
