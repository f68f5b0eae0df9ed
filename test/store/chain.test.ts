import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type Database, sqlite } from '../../supervisor/host/sqlite.ts';
import type { Head } from '../../supervisor/store/chain.ts';
import { openJournal } from '../../supervisor/store/journal.ts';
import { openReader } from '../../supervisor/store/reader.ts';
import { aRelease, aRun, clock, hostRow, put, tick } from '../fixtures/store/rows.ts';
import { folder } from './support.ts';

/** Twelve entries of six transactions, with rows; the head as it was told then. */
function given(): { file: string; head: Head } {
  const file = `${folder()}/journal.db`;
  const journal = openJournal(file, clock);
  for (let n = 1; n <= 6; n++) {
    const run = aRun(n);
    const release = aRelease(n);
    journal.commit(
      [tick(2 * n), tick(2 * n + 1)],
      [hostRow(n), put('runs', run.id, run, n > 3), put('releases', release.id, release)],
    );
  }
  journal.commit([tick(99)], [put('releases', aRelease(1).id, null)]);
  const head = journal.head();
  journal.close();
  if (head === null) throw new Error('there is no head');
  return { file, head };
}

function edit(file: string, ...statements: string[]): void {
  const raw = new (sqlite())(file);
  for (const one of statements) raw.exec(one);
  raw.close();
}

function look(file: string, asked: { last?: number; known?: Head[] } = {}) {
  const reader = openReader(file);
  try {
    return reader.chain(asked);
  } finally {
    reader.close();
  }
}

test('a journal that nobody edited holds, whole and from any entry on', () => {
  const { file, head } = given();
  expect(look(file, { known: [head] })).toEqual({ head, checked: 13, faults: [] });
  for (const last of [0, 1, 2, 5, 12, 13, 99]) {
    expect(look(file, { last, known: [head] }).faults, `${last}`).toEqual([]);
  }
});

const wave = `json_set(json, '$.usd', 0)`;
const edits: [string, string[], RegExp][] = [
  [
    'an entry changed',
    [`UPDATE journal SET data = replace(data, 'tick', 'tock') WHERE seq = 5`],
    /entry 5 /,
  ],
  ['when an entry was', [`UPDATE journal SET at = at + 1 WHERE seq = 5`], /entry 5 /],
  ['what an entry is about', [`UPDATE journal SET subject = 'p' WHERE seq = 5`], /entry 5 /],
  ['the rows that an entry names', [`UPDATE journal SET puts = NULL WHERE seq = 6`], /entry 6 /],
  ['a hash', [`UPDATE journal SET hash = 'ab' WHERE seq = 5`], /entry 5 /],
  ['no hash', [`UPDATE journal SET hash = NULL WHERE seq = 5`], /entry 5 /],
  ['an entry taken out', [`DELETE FROM journal WHERE seq = 5`], /entry 5 is missing/],
  ['entries taken out', [`DELETE FROM journal WHERE seq IN (5, 6)`], /entries 5 to 6 are missing/],
  ['the first taken out', [`DELETE FROM journal WHERE seq = 1`], /entry 1 is missing/],
  [
    'two entries swapped',
    [
      `UPDATE journal SET seq = 99 WHERE seq = 5`,
      `UPDATE journal SET seq = 5 WHERE seq = 6`,
      `UPDATE journal SET seq = 6 WHERE seq = 99`,
    ],
    /entry 5 /,
  ],
  [
    'an entry put in at the end',
    [`INSERT INTO journal (at, type, data) VALUES (1, 'mark', '{}')`],
    /entry 14 was put in/,
  ],
  [
    'the end cut off',
    [`DELETE FROM journal WHERE seq > 11`],
    /ends at entry 11; entry 13 was told/,
  ],
  ['everything cut off', [`DELETE FROM journal`], /ends at entry 0; entry 13 was told/],
  [
    'a row changed',
    [`UPDATE runs SET json = ${wave} WHERE id = 'run-000002'`],
    /run-000002 of runs was changed/,
  ],
  [
    'a row brought to life',
    [`UPDATE runs SET live = 1 WHERE id = 'run-000002'`],
    /run-000002 .*changed/,
  ],
  [
    'a row taken out',
    [`DELETE FROM runs WHERE id = 'run-000006'`],
    /run-000006 of runs was taken out/,
  ],
  [
    'a row put in',
    [`INSERT INTO runs (id, live, place, json) VALUES ('run-x', 1, 9, '{}')`],
    /run-x of runs was put in/,
  ],
  [
    'a removed row put back',
    [`INSERT INTO releases (id, live, place, json) VALUES ('release-00001', 1, 9, '{}')`],
    /release-00001 of releases was put in/,
  ],
];

test.each(edits)('%s shows, and where', (_, statements, named) => {
  const { file, head } = given();
  edit(file, ...statements);
  expect(look(file, { known: [head] }).faults.join('\n')).toMatch(named);
});

test('a row of a table that nothing was ever written to shows too', () => {
  const { file } = given();
  edit(file, `INSERT INTO bad (id, live, place, json) VALUES ('d', 1, 9, '{}')`);
  expect(look(file).faults.join()).toMatch(/row d of bad was put in/);
});

test('history that was written anew, hashes and all, is not what was told', () => {
  const { file, head } = given();
  const other = given();
  edit(other.file, 'DELETE FROM journal WHERE seq > 12');
  const journal = openJournal(other.file, clock);
  journal.commit([tick(123)], [put('releases', aRelease(1).id, null)]);
  journal.close();
  expect(look(other.file, { known: [head] }).faults).toEqual([
    'entry 13 has another hash than was told: history was written anew',
  ]);
  expect(look(file, { known: [head] }).faults).toEqual([]);
});

test('who writes behind the back of the writer breaks the chain at the next entry', () => {
  const { file } = given();
  const journal = openJournal(file, clock);
  edit(file, `UPDATE journal SET hash = 'ab' WHERE seq = 13`);
  journal.commit([tick(7)], []);
  journal.close();
  expect(look(file).faults.join('\n')).toMatch(/entry 13 /);
});

test('a commit that failed leaves the chain as it was', () => {
  const { file } = given();
  const journal = openJournal(file, clock);
  const broken = put('runs', 'x', { ...aRun(1), usd: 1n as unknown as number });
  expect(() => journal.commit([tick(1)], [broken])).toThrow(TypeError);
  journal.commit([tick(2)], [hostRow(9)]);
  journal.close();
  expect(look(file).faults).toEqual([]);
});

test('a real journal of the second version is upgraded: it holds, and edits of before show', () => {
  const file = join(folder(), 'journal.db');
  const packed = join(import.meta.dirname, '..', 'fixtures', 'store', 'journal-v2.db.gz');
  writeFileSync(file, gunzipSync(readFileSync(packed)));
  const count = (database: Database) =>
    database.prepare('SELECT count(*) FROM journal').pluck().get() as number;
  const raw = new (sqlite())(file, { readonly: true });
  const before = count(raw);
  raw.close();
  const journal = openJournal(file, clock);
  expect(journal.load().releases.size).toBe(2);
  journal.close();
  const { checked, faults } = look(file);
  expect(faults).toEqual([]);
  expect(before).toBeGreaterThan(20);
  expect(checked).toBeGreaterThan(before);
  edit(
    file,
    'UPDATE journal SET at = at + 1 WHERE seq = 3',
    `UPDATE releases SET json = json_set(json, '$.stableAt', null)`,
    `INSERT INTO bad (id, live, place, json) VALUES ('d', 1, 9, '{}')`,
  );
  const found = look(file).faults.join('\n');
  expect(found).toMatch(/entry 3 .*of releases was changed.*row d of bad was put in/s);
});
