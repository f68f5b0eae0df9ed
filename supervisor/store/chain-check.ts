import type { Database } from '../host/database.ts';
import { tableNames } from '../model/state.ts';
import { type Head, type Line, linkOf, origin, putName, putNames } from './chain.ts';

/** What a look at the chain found. */
export interface ChainReport {
  /** Where the journal ends; null: it is empty. */
  head: Head | null;
  /** How many entries were looked at. */
  checked: number;
  /** What does not hold, each naming its entry or row; empty when all does. */
  faults: string[];
}

/** More than these say nothing more. */
const mostFaults = 50;
type Linked = Line & { hash: string | null };

/**
 * Follow the chain to its end, and compare the rows with what its entries say was written.
 * `last`: only so many entries from the end, and the rows that they name; else all of it.
 * `known`: heads that were told elsewhere, which must be found.
 */
export function checkChain(
  database: Database,
  asked: { last?: number; known?: readonly Head[] },
): ChainReport {
  const walk = new Walk(database, asked.last);
  walk.entries();
  for (const head of asked.known ?? []) walk.mustHave(head);
  walk.rows(asked.last === undefined);
  return walk.report();
}

class Walk {
  readonly #database: Database;
  readonly #faults: string[] = [];
  /** What was written last of each row: a table's name and an id, to a digest. */
  readonly #rows = new Map<string, Map<string, string>>();
  #before: { seq: number; hash: string };
  readonly #from: number;
  #checked = 0;

  constructor(database: Database, last: number | undefined) {
    this.#database = database;
    const end = database.prepare('SELECT max(seq) FROM journal').pluck().get() as number | null;
    this.#from = last === undefined ? 0 : Math.max(0, (end ?? 0) - last);
    this.#before = this.#start();
  }

  /** The entry before the first that is looked at is taken as it stands. */
  #start() {
    const query = 'SELECT seq, hash FROM journal WHERE seq <= ? ORDER BY seq DESC LIMIT 1';
    const row = this.#database
      .prepare<[number], { seq: number; hash: string | null }>(query)
      .get(this.#from);
    return { seq: row?.seq ?? 0, hash: row?.hash ?? origin };
  }

  entries(): void {
    const query =
      'SELECT seq, at, type, subject, data, puts, hash FROM journal WHERE seq > ? ORDER BY seq';
    for (const line of this.#database.prepare<[number], Linked>(query).iterate(this.#before.seq)) {
      this.#entry(line);
      this.#checked += 1;
    }
  }

  #entry(line: Linked): void {
    const { seq, hash } = line;
    const first = this.#before.seq + 1;
    if (seq > first) {
      const more = seq - 1 > first ? `entries ${first} to ${seq - 1} are` : `entry ${first} is`;
      this.#fault(`${more} missing`);
    }
    if (hash === null) this.#fault(`entry ${seq} was put in: it carries no hash`);
    else if (hash !== linkOf(this.#before.hash, line)) {
      this.#fault(
        `entry ${seq} does not follow from entry ${first - 1}: one of them was changed, ` +
          'put in or moved, or one between them was taken out',
      );
    }
    this.#before = { seq, hash: hash ?? '' };
    this.#note(line);
  }

  #note({ seq, puts }: Linked): void {
    try {
      for (const [table, id, live, digest] of putNames(puts)) {
        const rows = this.#rows.get(table) ?? new Map<string, string>();
        this.#rows.set(table, rows);
        rows.set(id, `${live}${digest}`);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#fault(`entry ${seq} names the rows it wrote in no readable form`);
    }
  }

  mustHave({ seq, hash }: Head): void {
    const query = 'SELECT hash FROM journal WHERE seq = ?';
    const found = this.#database.prepare<[number], string>(query).pluck().get(seq);
    if (found === hash) return;
    if (found !== undefined) {
      return this.#fault(`entry ${seq} has another hash than was told: history was written anew`);
    }
    const end = this.#before.seq;
    this.#fault(
      end < seq
        ? `the journal ends at entry ${end}; entry ${seq} was told: its end was cut off`
        : `entry ${seq} was told, and is missing`,
    );
  }

  /** `whole`: every row must have been named; else those that were named must be as they were. */
  rows(whole: boolean): void {
    for (const table of tableNames) {
      const named = this.#rows.get(table) ?? new Map<string, string>();
      if (whole) this.#allRows(table, named);
      else this.#namedRows(table, named);
    }
  }

  #allRows(table: string, named: Map<string, string>): void {
    const query = `SELECT id, live, json FROM ${table}`;
    const left = new Map(named);
    for (const row of this.#database.prepare<[], Row>(query).iterate()) {
      const was = left.get(row.id);
      left.delete(row.id);
      if (was === undefined) this.#fault(`row ${row.id} of ${table} was put in`);
      else this.#compare(table, row.id, was, row);
    }
    for (const [id, was] of left) this.#compare(table, id, was, undefined);
  }

  #namedRows(table: string, named: Map<string, string>): void {
    const one = this.#database.prepare<[string], Row>(
      `SELECT id, live, json FROM ${table} WHERE id = ?`,
    );
    for (const [id, was] of named) this.#compare(table, id, was, one.get(id));
  }

  #compare(table: string, id: string, was: string, row: Row | undefined): void {
    const [, , live, digest] = putName(table, id, row?.live === 1, row?.json ?? null);
    if (`${live}${digest}` === was) return;
    const how = row === undefined ? 'taken out' : was === '0null' ? 'put in' : 'changed';
    this.#fault(`row ${id} of ${table} was ${how}: it is not as its last entry wrote it`);
  }

  #fault(text: string): void {
    if (this.#faults.length < mostFaults) this.#faults.push(text);
  }

  report(): ChainReport {
    const { seq, hash } = this.#before;
    const head = seq === 0 ? null : { seq, hash };
    return { head, checked: this.#checked, faults: this.#faults };
  }
}

interface Row {
  id: string;
  live: number;
  json: string;
}
