import type { Database } from '../host/database.ts';
import { Failure, innermost } from '../model/reason.ts';
import { type State, tableNames } from '../model/state.ts';

interface Row {
  id: string;
  json: string;
}

/** The live rows of every table, in the order in which they came to life. */
export function liveRows(database: Database, kind: 'whole' | 'glance' = 'whole'): State {
  const state = tableNames.map((table) => {
    const json = kind === 'glance' && table === 'agents' ? 'brief AS json' : 'json';
    const query = `SELECT id, ${json} FROM ${table} WHERE live = 1 ORDER BY place`;
    const rows = database.prepare<[], Row>(query).all();
    return [table, new Map(rows.map((row) => [row.id, parsed(row, table)]))] as const;
  });
  return Object.fromEntries(state) as unknown as State;
}

/** A row's value, as it was written. Throws Failure `journal-damaged` naming the row. */
export function parsed(row: Row, table: string): unknown {
  try {
    return JSON.parse(row.json);
  } catch (error) {
    const message = `row ${row.id} of table ${table} is damaged`;
    const parts = { message, step: 'read journal', input: row.id, expected: 'JSON' };
    throw new Failure('journal-damaged', { ...parts, cause: innermost(error) });
  }
}
