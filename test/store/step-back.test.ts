import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sqlite } from '../../supervisor/host/sqlite.ts';
import { layout } from '../../supervisor/model/layout.ts';
import { openJournal } from '../../supervisor/store/journal.ts';
import { takeLock } from '../../supervisor/store/lock.ts';
import { openReader } from '../../supervisor/store/reader.ts';
import { schemaVersion, upgrades } from '../../supervisor/store/schema.ts';
import { stepBack } from '../../supervisor/store/step-back.ts';
import { clock, hostRow, tick } from '../fixtures/store/rows.ts';
import { folder, reasonOfFailing } from './support.ts';

const later = { to: schemaVersion() + 1, sql: 'CREATE TABLE later (id TEXT PRIMARY KEY);' };
const at = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A ROOT whose journal this Airlock wrote, then a newer one. */
function upgradedRoot() {
  const place = layout(folder());
  takeLock(place)?.release();
  const mine = openJournal(place.journal, clock);
  mine.commit([tick()], [hostRow(7)]);
  mine.close();
  const newer = openJournal(place.journal, clock, [...upgrades, later]);
  newer.commit([tick()], [hostRow(8)]);
  return { place, newer };
}

test('after a newer Airlock was taken back, its journal makes way for the copy before it', () => {
  const { place, newer } = upgradedRoot();
  newer.close();
  expect(reasonOfFailing(() => openJournal(place.journal, clock)).code).toBe('schema-newer');
  const back = stepBack(place, at);
  expect(back?.aside).toBe(`${place.journal}.newer-20260102T030405Z`);
  const reader = openReader(place.journal);
  expect(reader.state().host.get('host')?.counter).toBe(7);
  reader.close();
  const aside = openReader(back?.aside as string, [...upgrades, later]);
  expect(aside.state().host.get('host')?.counter).toBe(8);
  aside.close();
  expect(stepBack(place, at)).toBeNull();
});

test('what the newer one had not yet brought into its file goes aside with it', () => {
  const { place, newer } = upgradedRoot();
  expect(readdirSync(place.state)).toContain('journal.db-wal');
  const back = stepBack(place, at);
  expect(existsSync(`${place.journal}-wal`)).toBe(false);
  const aside = openReader(back?.aside as string, [...upgrades, later]);
  expect(aside.state().host.get('host')?.counter).toBe(8);
  aside.close();
  const reader = openReader(place.journal);
  expect(reader.state().host.get('host')?.counter).toBe(7);
  reader.close();
  // As a killed writer would leave it: this one is told that its file went.
  expect(() => newer.close()).toThrow();
});

test('a journal that this Airlock reads, an older one, or none, is left alone', () => {
  const place = layout(folder());
  expect(stepBack(place, at)).toBeNull();
  mkdirSync(place.state, { recursive: true });
  const older = new (sqlite())(place.journal);
  older.exec(upgrades[0]?.sql ?? '');
  older.pragma('user_version = 1');
  older.pragma(`application_id = ${0x414c434b}`);
  older.close();
  expect(stepBack(place, at)).toBeNull();
  openJournal(place.journal, clock).close();
  expect(stepBack(place, at)).toBeNull();
});

test('without a copy nothing is moved', () => {
  const { place, newer } = upgradedRoot();
  newer.close();
  rmSync(`${place.journal}.v${schemaVersion()}`);
  expect(reasonOfFailing(() => stepBack(place, at)).code).toBe('schema-newer');
  expect(existsSync(place.journal)).toBe(true);
});

test('never under a supervisor that runs', () => {
  const { place, newer } = upgradedRoot();
  newer.close();
  const lock = takeLock(place);
  expect(reasonOfFailing(() => stepBack(place, at)).code).toBe('already-running');
  lock?.release();
});
