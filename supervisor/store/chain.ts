/**
 * The chain of the journal: every entry carries a hash over the one before and over itself, and
 * the last entry of a transaction names the rows that followed. So an edit shows, wherever it was
 * made, and shows where (docs/decisions/21).
 */
import { hash } from 'node:crypto';
import type { Database } from '../host/database.ts';
import type { Put } from '../model/state.ts';

/** The end of the chain: who knows it knows all that came before. */
export interface Head {
  seq: number;
  /** 64 hex digits. */
  hash: string;
}

/** One line of the journal table. */
export interface Line {
  seq: number;
  at: number;
  type: string;
  subject: string | null;
  data: string;
  /** The rows that its transaction wrote, see `putsText`; null where it wrote none. */
  puts: string | null;
}

/** What comes before the first entry. */
export const origin = '';

export function linkOf(before: string, { seq, at, type, subject, data, puts }: Line): string {
  const text = JSON.stringify([before, seq, at, type, subject, data, puts]);
  return hash('sha256', text, 'hex');
}

/** Table, id, live or not, and a digest of the value; null: the row was removed. */
type PutName = [table: string, id: string, live: 0 | 1, digest: string | null];

export function putName(table: string, id: string, live: boolean, json: string | null): PutName {
  const digest = json === null ? null : sumOf(json);
  return [table, id, live && json !== null ? 1 : 0, digest];
}

/** 128 bits: enough that nobody finds another row with the same. */
const sumOf = (json: string) => hash('sha256', json, 'hex').slice(0, 32);

export const putsText = (names: readonly PutName[]): string | null =>
  names.length === 0 ? null : JSON.stringify(names);

export const putNames = (text: string | null): PutName[] =>
  text === null ? [] : (JSON.parse(text) as PutName[]);

/** Of a put as it is written. */
export const nameOf = (put: Put): PutName =>
  putName(put.table, put.id, put.live, put.value === null ? null : JSON.stringify(put.value));

export function headOf(database: Database): Head | null {
  const query = 'SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1';
  const row = database.prepare<[], { seq: number; hash: string | null }>(query).get();
  return row === undefined ? null : { seq: row.seq, hash: row.hash ?? '' };
}

/** Writes entries as links: the one place that knows the hash before. */
export function chainWriter(database: Database) {
  const insert = database.prepare(
    'INSERT INTO journal (seq, at, type, subject, data, puts, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const next = database.prepare('SELECT coalesce(max(seq), 0) + 1 FROM journal').pluck();
  return {
    /** The head after one more entry. `before`: what this process wrote last. */
    add(before: string, entry: Omit<Line, 'seq'>): Head {
      const seq = next.get() as number;
      const { at, type, subject, data, puts } = entry;
      const hash = linkOf(before, { seq, ...entry });
      insert.run(seq, at, type, subject, data, puts, hash);
      return { seq, hash };
    },
  };
}
