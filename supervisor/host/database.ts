/**
 * SQLite, and what its errors mean. One connection writes (WAL, synced at each commit); any
 * number of read-only ones read beside it.
 */
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { Failure, type ReasonCode } from '../model/reason.ts';
import { syncFolder } from './files/durable.ts';
import { type Database, sqlite } from './sqlite.ts';

export type { Database, Statement } from './sqlite.ts';

/** How long a connection waits for another's short lock. */
const patienceMs = 5000;

/** Open for writing, made if missing. Only the holder of the writer lock does this. */
export function openForWriting(file: string): Database {
  return guarded(file, 'open journal', () => {
    const database = new (sqlite())(file, { timeout: patienceMs });
    try {
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL');
      database.pragma('trusted_schema = OFF');
      database.exec('BEGIN IMMEDIATE');
      write(database);
      database.exec('ROLLBACK');
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });
}

/**
 * Where a file cannot be opened for writing just then, SQLite opens it for reading without a word,
 * and begins transactions on it that lock nobody out: only a write shows it.
 */
function write(database: Database): void {
  database.pragma(`user_version = ${database.pragma('user_version', { simple: true })}`);
}

/** Open for reading; null when there is no file. Works beside a writer and without one. */
export function openForReading(file: string): Database | null {
  if (!existsSync(file)) return null;
  return guarded(file, 'read journal', () => {
    const database = new (sqlite())(file, { readonly: true, timeout: patienceMs });
    database.pragma('trusted_schema = OFF');
    return database;
  });
}

/**
 * Close after writing. The file leaves WAL mode, because a cleanly closed WAL database cannot be
 * read by who may not write its folder. If a reader is on it just now it stays in WAL mode, and
 * then its side files stay too, so that it still can be read.
 */
export function closeAfterWriting(database: Database): void {
  database.pragma('busy_timeout = 200');
  try {
    database.pragma('journal_mode = DELETE');
  } catch (error) {
    if (!codeOf(error).startsWith('SQLITE_BUSY')) throw error;
  } finally {
    database.close();
  }
}

/** A whole, synced copy of a database beside it, before something risky; replaces an older one. */
export function copyDatabase(database: Database, to: string): void {
  guarded(to, 'copy journal', () => {
    rmSync(to, { force: true });
    database.prepare('VACUUM INTO ?').run(to);
    chmodSync(to, 0o640);
    const fd = openSync(to, 'r+');
    fsyncSync(fd);
    closeSync(fd);
    syncFolder(to.slice(0, to.lastIndexOf('/')));
  });
}

/** A consistent copy of a database that may be in use; false when there is none. */
export function snapshotDatabase(file: string, to: string): boolean {
  const database = openForReading(file);
  if (database === null) return false;
  try {
    copyDatabase(database, to);
    return true;
  } finally {
    database.close();
  }
}

/** A lock that its holder loses by dying, however it dies. */
export interface Lock {
  release(): void;
}

/**
 * Take the lock of a file, or null if another holds it. The file must never be opened by other
 * means in the holding process: closing it would silently drop the lock.
 */
export function lockFile(file: string): Lock | null {
  return guarded(file, 'take lock', () => {
    const database = new (sqlite())(file, { timeout: 0 });
    try {
      database.exec('BEGIN EXCLUSIVE');
      write(database);
    } catch (error) {
      database.close();
      if (codeOf(error).startsWith('SQLITE_BUSY')) return null;
      throw error;
    }
    return { release: () => database.close() };
  });
}

/** Run something on a database file; what SQLite throws becomes a Failure that names the file. */
export function guarded<T>(file: string, step: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof sqlite().SqliteError)) throw error;
    const expected = 'a readable Airlock database with room to write';
    const parts = { message: meaning(error.code, file), step, input: file, expected };
    throw new Failure(reasonCode(error.code), { ...parts, actual: error.code }, error);
  }
}

function reasonCode(code: string): ReasonCode {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code) ? 'journal-damaged' : 'host-failed';
}

function meaning(code: string, file: string): string {
  if (code.startsWith('SQLITE_NOTADB')) return `${file} is no database`;
  if (code.startsWith('SQLITE_CORRUPT')) return `${file} is damaged`;
  if (code.startsWith('SQLITE_FULL')) return `no room to write ${file}`;
  if (code.startsWith('SQLITE_BUSY')) return `${file} is held by another process`;
  if (code.startsWith('SQLITE_CANTOPEN')) return `${file} cannot be opened`;
  if (code.startsWith('SQLITE_READONLY')) return `${file} cannot be written`;
  return `${file} cannot be used`;
}

/** SQLite's code of an error; empty for any other error. */
export function codeOf(error: unknown): string {
  return error instanceof sqlite().SqliteError ? error.code : '';
}
