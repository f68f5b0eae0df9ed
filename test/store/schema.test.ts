import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sqlite } from '../../supervisor/host/sqlite.ts';
import type { RunOutcome } from '../../supervisor/model/run.ts';
import type { Put } from '../../supervisor/model/state.ts';
import { openJournal } from '../../supervisor/store/journal.ts';
import { openReader } from '../../supervisor/store/reader.ts';
import { upgrades } from '../../supervisor/store/schema.ts';
import { aRun, brief, clock, hostRow, put, tick } from '../fixtures/store/rows.ts';
import { folder, reasonOfFailing } from './support.ts';

/** What a later Airlock would bring. */
const later = {
  to: 4,
  sql: `ALTER TABLE runs ADD COLUMN release GENERATED ALWAYS AS
    (json_extract(json, '$.release')) VIRTUAL; CREATE INDEX runs_release ON runs(release);`,
};

function agentRow(name: string, last: RunOutcome) {
  const blank = { paths: {}, lastRun: null, failures: 0, waitUntil: 0, lastTurn: 0 };
  const recent = [brief('run-1', 'failed'), brief('run-2', last)];
  return put('agents', name, { name, recent, ...blank });
}

function journalWithRows(): string {
  const file = `${folder()}/journal.db`;
  const journal = openJournal(file, clock);
  const runs = Array.from({ length: 200 }, (_, n) => aRun(n));
  journal.commit([tick()], [hostRow(7), ...runs.map((run) => put('runs', run.id, run))]);
  journal.close();
  return file;
}

test('an upgrade keeps what is there, after a whole copy', () => {
  const file = journalWithRows();
  const journal = openJournal(file, clock, [...upgrades, later]);
  expect(journal.load().host.get('host')?.counter).toBe(7);
  journal.close();
  const upgraded = new (sqlite())(file, { readonly: true });
  const releases = upgraded.prepare('SELECT DISTINCT release FROM runs').pluck().all();
  expect(releases).toEqual(['release-00001']);
  upgraded.close();
  const copy = openReader(`${file}.v3`);
  expect(copy.state().host.get('host')?.counter).toBe(7);
  copy.close();
});

test('a journal of the first version is upgraded, and read at a glance', () => {
  const file = `${folder()}/journal.db`;
  writeVersion1(file, [agentRow('well', 'ok'), agentRow('ill', 'failed'), hostRow(7)]);
  expect(reasonOfFailing(() => openReader(file)).code).toBe('schema-older');
  const journal = openJournal(file, clock);
  const state = journal.load();
  journal.close();
  const reader = openReader(file);
  expect(reader.state()).toEqual(state);
  expect([...reader.glance().agents.values()].map((one) => one.recent.length)).toEqual([0, 2]);
  reader.close();
});

/** As the first Airlock wrote it. */
function writeVersion1(file: string, puts: Put[]): void {
  const raw = new (sqlite())(file);
  raw.exec(upgrades[0]?.sql ?? '');
  raw.pragma('user_version = 1');
  raw.pragma(`application_id = ${0x414c434b}`);
  for (const [place, one] of puts.entries()) {
    const row = [one.id, 1, place + 1, JSON.stringify(one.value)];
    raw.prepare(`INSERT INTO ${one.table} (id, live, place, json) VALUES (?, ?, ?, ?)`).run(row);
  }
  raw.close();
}

test('an upgrade that fails changes nothing, and can be tried again over its copy', () => {
  const file = journalWithRows();
  const broken = { to: 4, sql: `${later.sql} CREATE TABLE runs (id);` };
  const why = reasonOfFailing(() => openJournal(file, clock, [...upgrades, broken]));
  expect(why).toMatchObject({ code: 'host-failed', input: file });
  const journal = openJournal(file, clock);
  expect(journal.load().host.get('host')?.counter).toBe(7);
  journal.close();
  openJournal(file, clock, [...upgrades, later]).close();
  expect(existsSync(`${file}.v3`)).toBe(true);
});

test('a journal of a newer Airlock is left alone', () => {
  const file = journalWithRows();
  openJournal(file, clock, [...upgrades, later]).close();
  expect(reasonOfFailing(() => openJournal(file, clock)).code).toBe('schema-newer');
  expect(reasonOfFailing(() => openReader(file)).code).toBe('schema-newer');
});

test('a reader of a newer Airlock does not upgrade an older journal', () => {
  const file = journalWithRows();
  const why = reasonOfFailing(() => openReader(file, [...upgrades, later]));
  expect(why.code).toBe('schema-older');
  openReader(file).close();
});

test('no journal yet is a failure of its own', () => {
  const why = reasonOfFailing(() => openReader(`${folder()}/journal.db`));
  expect(why).toMatchObject({ code: 'not-found', hint: expect.stringContaining('airlock start') });
});

const damages: [string, (file: string) => void][] = [
  [
    'is no database',
    (file) => writeFileSync(file, 'not a database, but long enough to be read '.repeat(99)),
  ],
  ['lost its second half', (file) => overwrite(file, Buffer.alloc(60_000), 20_000)],
  ['has noise in its tables', (file) => overwrite(file, Buffer.alloc(40_000, 0xa5), 4096)],
  ['has noise in an index that starting does not use', spoilIndex],
  ['is the database of another program', makeForeign],
];

test.each(damages)('a file that %s is a clear failure', (_, damage) => {
  const file = journalWithRows();
  damage(file);
  const why = reasonOfFailing(() => {
    const journal = openJournal(file, clock);
    journal.load();
  });
  expect(why).toMatchObject({ code: 'journal-damaged', input: file });
  expect(why.message).toContain('journal.db');
});

function overwrite(file: string, bytes: Buffer, from: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, 0, bytes.length, from);
  closeSync(fd);
}

function spoilIndex(file: string): void {
  const raw = new (sqlite())(file, { readonly: true });
  const find = `SELECT rootpage FROM sqlite_schema WHERE name = 'releases_digest'`;
  const page = raw.prepare(find).pluck().get() as number;
  const size = raw.pragma('page_size', { simple: true }) as number;
  raw.close();
  overwrite(file, Buffer.alloc(size, 0xa5), (page - 1) * size);
}

function makeForeign(file: string): void {
  writeFileSync(file, '');
  const other = new (sqlite())(file);
  other.exec('CREATE TABLE orders (id)');
  other.close();
}

test('a damaged row is named', () => {
  const file = journalWithRows();
  const raw = new (sqlite())(file);
  raw.prepare(`UPDATE agents SET json = '{'`).run();
  raw.prepare(`INSERT INTO agents VALUES ('maker', 1, 999, '{')`).run();
  raw.close();
  const journal = openJournal(file, clock);
  const why = reasonOfFailing(() => journal.load());
  expect(why).toMatchObject({ code: 'journal-damaged', input: 'maker' });
  journal.close();
});
