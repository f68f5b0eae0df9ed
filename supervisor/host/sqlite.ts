import { createRequire } from 'node:module';
import type Sqlite from 'better-sqlite3';
import { Failure } from '../model/reason.ts';

/**
 * SQLite for this Node. Two majors of one package are installed, each where it can run
 * (docs/decisions/14): 13 needs Node-API 10, which Node 20 lacks; 12 aborts the whole process on
 * Node 24.19 and later when a statement is collected as garbage.
 */
const binding = Number(process.versions.napi) >= 10 ? 'better-sqlite3' : 'better-sqlite3-12';

export type Database = Sqlite.Database;
export type Statement = Sqlite.Statement;

let loaded: typeof Sqlite | null = null;

/** The class that opens databases. Throws Failure `missing-sqlite`. */
export function sqlite(): typeof Sqlite {
  loaded ??= load();
  return loaded;
}

function load(): typeof Sqlite {
  try {
    return createRequire(import.meta.url)(binding);
  } catch (error) {
    const message = `${binding} cannot be loaded by Node ${process.versions.node}`;
    const cause = error instanceof Error ? (error.message.split('\n')[0] ?? null) : String(error);
    throw new Failure('missing-sqlite', { message, step: 'open journal', input: binding, cause });
  }
}
