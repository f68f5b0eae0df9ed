import type { Database } from '../host/database.ts';
import { tableNames } from '../model/state.ts';
import { chainWriter, type Line, linkOf, origin, putName, putsText } from './chain.ts';

/** Rows that one entry names. */
const rowsAnEntry = 500;

/**
 * Link what an older Airlock wrote, as it stands now: from here on an edit shows. The rows that
 * are there are named by entries of their own.
 */
export function chainWhatIsThere(database: Database): void {
  const before = linkEntries(database);
  const last = database.prepare('SELECT max(at) FROM journal').pluck().get() as number | null;
  nameRows(database, before, last ?? 0);
}

function linkEntries(database: Database): string {
  const read = database.prepare<[number], Line>(
    'SELECT seq, at, type, subject, data, puts FROM journal WHERE seq > ? ORDER BY seq LIMIT 1000',
  );
  const write = database.prepare('UPDATE journal SET hash = ? WHERE seq = ?');
  let before = origin;
  for (let lines = read.all(0); lines.length > 0; lines = read.all(lines.at(-1)?.seq ?? 0)) {
    for (const line of lines) {
      before = linkOf(before, line);
      write.run(before, line.seq);
    }
  }
  return before;
}

function nameRows(database: Database, before: string, at: number): void {
  const chain = chainWriter(database);
  let hash = before;
  for (const table of tableNames) {
    const read = database.prepare<[string], { id: string; live: number; json: string }>(
      `SELECT id, live, json FROM ${table} WHERE id > ? ORDER BY id LIMIT ${rowsAnEntry}`,
    );
    for (let rows = read.all(''); rows.length > 0; rows = read.all(rows.at(-1)?.id ?? '')) {
      const puts = putsText(rows.map((row) => putName(table, row.id, row.live === 1, row.json)));
      const data = JSON.stringify({
        at,
        type: 'mark',
        mark: { mark: 'covered', rows: rows.length },
      });
      hash = chain.add(hash, { at, type: 'mark', subject: null, data, puts }).hash;
    }
  }
}
