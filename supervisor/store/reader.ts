/**
 * Reading the journal from any process, without changing a byte of it: beside a daemon that
 * runs, after one that died, and after one that closed it cleanly. Lists are newest first.
 */
import { type Database, guarded, openForReading } from '../host/database.ts';
import type { Entry } from '../model/entry.ts';
import type { Layout } from '../model/layout.ts';
import type { Phase, Proposal } from '../model/proposal.ts';
import { Failure, type Reason } from '../model/reason.ts';
import type { Release } from '../model/release.ts';
import type { Run } from '../model/run.ts';
import type { State, Table } from '../model/state.ts';
import { type Head, headOf } from './chain.ts';
import { type ChainReport, checkChain } from './chain-check.ts';
import { journalGone, journalStanding } from './lived.ts';
import { liveRows, parsed } from './rows.ts';
import { damage, expectVersion, upgrades } from './schema.ts';

export interface LogLine {
  seq: number;
  entry: Entry;
  subject: string | null;
}

export interface PhaseChange {
  phase: Phase;
  /** Milliseconds since 1970. */
  at: number;
  reason: Reason | null;
}

/** USD and number of runs, of one agent. */
export interface Spend {
  agent: string;
  usd: number;
  runs: number;
}

export interface Reader {
  /** Everything that `read` asks sees the journal at one and the same instant. */
  together<T>(read: () => T): T;
  state(): State;
  /** The same without the recent runs of agents whose last run went well: a tenth of the time. */
  glance(): State;
  proposals(ask: { limit: number }): Proposal[];
  /** What a run dropped that was refused. */
  refusedOf(run: Run, ask: { limit: number }): Proposal[];
  proposal(id: string): Proposal | null;
  releases(ask: { limit: number }): Release[];
  release(id: string): Release | null;
  runs(ask: { limit: number; agent?: string; deployment?: string }): Run[];
  run(id: string): Run | null;
  log(ask: { limit: number; subject?: string }): LogLine[];
  /** The phases that a proposal came to, oldest first. */
  history(proposal: string): PhaseChange[];
  /** By agent, of runs started at or after `since` (RFC 3339) and before `until`. */
  spend(ask: { since: string; until?: string }): Spend[];
  /** Faults of the file's pages; reads all of it. */
  damage(): string[];
  /** The last entry and its hash; null while there is none. */
  head(): Head | null;
  /** Look whether the chain holds: see `chain-check.ts`. */
  chain(asked: { last?: number; known?: readonly Head[] }): ChainReport;
  close(): void;
}

/**
 * Open a journal for reading. Throws Failure `not-found` when there is none yet,
 * `journal-damaged`, `schema-newer`, `schema-older` or `host-failed`.
 */
export function openReader(file: string, list = upgrades): Reader {
  const database = openForReading(file);
  if (!database) {
    const hint = 'Start the supervisor once: `airlock start`.';
    const message = 'there is no journal yet';
    throw new Failure('not-found', { message, step: 'read journal', input: file, hint });
  }
  try {
    expectVersion(database, file, list);
    return readerOn(database, file);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** As `openReader`; `journal-damaged` where the journal is gone from a host that lived. */
export function openReaderOf(layout: Layout): Reader {
  if (journalStanding(layout) === 'gone') throw journalGone(layout, 'read journal');
  return openReader(layout.journal);
}

function readerOn(database: Database, file: string): Reader {
  const ask = <T>(work: () => T): T => guarded(file, 'read journal', work);
  const one = <T>(table: Table, id: string) =>
    ask(() => many<T>(database, table, 'WHERE id = ?', [id])[0] ?? null);
  const list = <T>(table: Table, rest: string, values: unknown[]) =>
    ask(() => many<T>(database, table, rest, values));
  return {
    together: (read) => ask(() => database.transaction(read)()),
    state: () => ask(database.transaction(() => liveRows(database))),
    glance: () => ask(database.transaction(() => liveRows(database, 'glance'))),
    proposals: ({ limit }) => list('proposals', newest('receivedAt'), [limit]),
    refusedOf: (run, { limit }) => list('proposals', refusedSince, [run.startedAt, run.id, limit]),
    proposal: (id) => one('proposals', id),
    releases: ({ limit }) => list('releases', newest('createdAt'), [limit]),
    release: (id) => one('releases', id),
    runs: (asked) => ask(() => runs(database, asked)),
    run: (id) => one('runs', id),
    log: (asked) => ask(() => log(database, asked)),
    history: (id) => ask(() => history(database, id)),
    spend: (asked) => ask(() => spend(database, asked)),
    damage: () => ask(() => damage(database)),
    head: () => ask(() => headOf(database)),
    chain: (asked) => ask(() => checkChain(database, asked)),
    close: () => database.close(),
  };
}

const newest = (time: string) => `ORDER BY ${time} DESC, place DESC LIMIT ?`;

const refusedSince = `WHERE receivedAt >= ? AND json_extract(json, '$.run') = ?
  AND json_extract(json, '$.phase') = 'refused' ${newest('receivedAt')}`;

function many<T>(database: Database, table: Table, rest: string, values: unknown[]): T[] {
  const query = `SELECT id, json FROM ${table} ${rest}`;
  const rows = database.prepare<unknown[], { id: string; json: string }>(query).all(...values);
  return rows.map((row) => parsed(row, table) as T);
}

function runs(
  database: Database,
  asked: { limit: number; agent?: string; deployment?: string },
): Run[] {
  const filters = (['agent', 'deployment'] as const).filter((name) => asked[name] !== undefined);
  const where = filters.map((name) => `${name} = ?`).join(' AND ');
  const rest = `${where && `WHERE ${where}`} ${newest('startedAt')}`;
  return many(database, 'runs', rest, [...filters.map((name) => asked[name]), asked.limit]);
}

function log(database: Database, asked: { limit: number; subject?: string }): LogLine[] {
  const about = asked.subject === undefined ? [] : [asked.subject];
  const where = about.length > 0 ? 'WHERE subject = ?' : '';
  const query = `SELECT seq, subject, data FROM journal ${where} ORDER BY seq DESC LIMIT ?`;
  const rows = database
    .prepare<unknown[], { seq: number; subject: string | null; data: string }>(query)
    .all(...about, asked.limit);
  return rows.map(({ seq, subject, data }) => {
    return { seq, subject, entry: parsed({ id: String(seq), json: data }, 'journal') as Entry };
  });
}

function history(database: Database, proposal: string): PhaseChange[] {
  const query = 'SELECT phase, at, reason FROM phases WHERE proposal = ? ORDER BY rowid';
  const rows = database
    .prepare<[string], { phase: Phase; at: number; reason: string | null }>(query)
    .all(proposal);
  return rows.map(({ phase, at, reason }) => {
    return { phase, at, reason: reason === null ? null : JSON.parse(reason) };
  });
}

function spend(database: Database, asked: { since: string; until?: string }): Spend[] {
  const query = `
    SELECT agent, sum(usd) AS usd, count(*) AS runs FROM runs
    WHERE startedAt >= ? AND startedAt < ? GROUP BY agent ORDER BY usd DESC, agent`;
  return database.prepare<unknown[], Spend>(query).all(asked.since, asked.until ?? '9999');
}
