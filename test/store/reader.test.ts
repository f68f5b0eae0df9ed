import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { failingAgents } from '../../supervisor/doctor/failing.ts';
import type { RunBrief } from '../../supervisor/model/run.ts';
import { openJournal } from '../../supervisor/store/journal.ts';
import { openReader } from '../../supervisor/store/reader.ts';
import {
  aProposal,
  aRelease,
  aRun,
  askedApproval,
  brief,
  clock,
  hostRow,
  instantAt,
  put,
  someReason,
  tick,
  time,
} from '../fixtures/store/rows.ts';
import { medianOf } from '../measure.ts';
import { ended, folder, killHard, linesOf, nextLine, start } from './support.ts';

/** A user that owns nothing here; without root, ourselves in folders that we may not write. */
const stranger = process.getuid?.() === 0 ? { uid: 65534 } : {};

function journalIn(place: string) {
  const file = `${place}/journal.db`;
  return { file, journal: openJournal(file, clock) };
}

async function readAs(file: string, user: { uid?: number }, readers = 1, rounds = 1) {
  const who = user.uid === undefined ? [] : [`${user.uid}`];
  const child = start('reads-journal.ts', [file, `${readers}`, `${rounds}`, ...who]);
  const line = JSON.parse(await nextLine(linesOf(child)));
  expect(await ended(child)).toBe(0);
  return line as { torn: number; counter: number; uid: number };
}

function closedToWriting(place: string): void {
  if (!('uid' in stranger)) chmodSync(place, 0o555);
}

test('a stranger reads a journal that was closed cleanly', async () => {
  const place = folder();
  const { file, journal } = journalIn(place);
  journal.commit([tick()], [hostRow(1), put('runs', 'run-000001', aRun(1))]);
  journal.close();
  closedToWriting(place);
  const seen = await readAs(file, stranger);
  expect(seen).toMatchObject({ torn: 0, counter: 1 });
  if (stranger.uid !== undefined) expect(seen.uid).toBe(stranger.uid);
  chmodSync(place, 0o755);
});

test('a stranger reads beside a live writer', async () => {
  const place = folder();
  const { file, journal } = journalIn(place);
  journal.commit([tick()], [hostRow(1), put('runs', 'run-000001', aRun(1))]);
  expect(await readAs(file, stranger)).toMatchObject({ torn: 0, counter: 1 });
  journal.close();
});

test('a stranger reads what a killed writer left, and the writer goes on after it', async () => {
  const file = `${folder()}/journal.db`;
  const child = start('commits-forever.ts', [file]);
  const lines = linesOf(child);
  let told = 0;
  while (told < 20) told = Number(await nextLine(lines));
  await killHard(child);
  closedToWriting(dirname(file));
  const seen = await readAs(file, stranger);
  expect(seen.torn).toBe(0);
  expect(seen.counter).toBeGreaterThanOrEqual(told);
  chmodSync(dirname(file), 0o755);
  const journal = openJournal(file, clock);
  expect(journal.load().host.get('host')?.counter).toBe(seen.counter);
  journal.close();
});

test('a journal closed under a reader stays readable for strangers', async () => {
  const place = folder();
  const { file, journal } = journalIn(place);
  journal.commit([tick()], [hostRow(1), put('runs', 'run-000001', aRun(1))]);
  const watching = openReader(file);
  await watching.together(() => {
    watching.state();
    journal.close();
  });
  watching.close();
  closedToWriting(place);
  expect(await readAs(file, stranger)).toMatchObject({ torn: 0, counter: 1 });
  chmodSync(place, 0o755);
});

test('forty readers at once see whole commits while the writer goes on', async () => {
  const file = `${folder()}/journal.db`;
  const writer = start('commits-forever.ts', [file]);
  const lines = linesOf(writer);
  await nextLine(lines);
  const seen = await Promise.all([readAs(file, {}, 20, 5), readAs(file, stranger, 20, 5)]);
  expect(seen.map((one) => one.torn)).toEqual([0, 0]);
  expect(writer.exitCode).toBe(null);
  await killHard(writer);
});

test('lists are newest first, bounded, and filtered', () => {
  const { file, journal } = journalIn(folder());
  const runs = [1, 2, 3, 4].map((n) => {
    const agent = n % 2 ? 'maker' : 'keeper';
    return aRun(n, { agent, deployment: n === 4 ? 'p1' : null, usd: n });
  });
  journal.commit(
    [tick()],
    runs.map((run) => put('runs', run.id, run, false)),
  );
  journal.commit(
    [],
    [1, 2, 3].map((n) => put('releases', aRelease(n).id, aRelease(n))),
  );
  const reader = openReader(file);
  const numbers = (list: { id: string }[]) => list.map((one) => Number(one.id.split('-')[1]));
  expect(numbers(reader.runs({ limit: 3 }))).toEqual([4, 3, 2]);
  expect(numbers(reader.runs({ limit: 9, agent: 'maker' }))).toEqual([3, 1]);
  expect(numbers(reader.runs({ limit: 9, deployment: 'p1' }))).toEqual([4]);
  expect(numbers(reader.runs({ limit: 9, deployment: 'p1', agent: 'maker' }))).toEqual([]);
  expect(numbers(reader.releases({ limit: 2 }))).toEqual([3, 2]);
  expect(reader.release('release-00002')).toEqual(aRelease(2));
  expect(reader.run('run-000003')).toEqual(runs[2]);
  expect(reader.run('run-000009')).toBe(null);
  const since = instantAt(2);
  expect(reader.spend({ since, until: instantAt(4) })).toEqual([
    { agent: 'maker', usd: 3, runs: 1 },
    { agent: 'keeper', usd: 2, runs: 1 },
  ]);
  reader.close();
  journal.close();
});

test('the history of a proposal is each phase it came to, once, with its reason', () => {
  const { file, journal } = journalIn(folder());
  const at = (minutes: number) => time + minutes * 60_000;
  const id = 'p1';
  const step = (minutes: number, more: Parameters<typeof aProposal>[1], live = true) =>
    journal.commit([tick(at(minutes))], [put('proposals', id, aProposal(id, more), live)]);
  step(0, {});
  step(1, { phase: 'staging' });
  step(2, { phase: 'staging', release: 'release-00001' });
  step(3, { phase: 'gating' });
  step(4, { phase: 'refused', reason: someReason('gate-smoke') }, false);
  journal.commit([askedApproval('p2')], [put('proposals', 'p2', aProposal('p2'))]);
  const reader = openReader(file);
  expect(reader.history(id)).toEqual([
    { phase: 'received', at: at(0), reason: null },
    { phase: 'staging', at: at(1), reason: null },
    { phase: 'gating', at: at(3), reason: null },
    { phase: 'refused', at: at(4), reason: someReason('gate-smoke') },
  ]);
  expect(reader.proposal(id)?.phase).toBe('refused');
  expect(reader.proposals({ limit: 9 }).map((one) => one.id)).toEqual(['p2', 'p1']);
  const about = reader.log({ limit: 9, subject: 'p2' });
  expect(about).toEqual([{ seq: 6, subject: 'p2', entry: askedApproval('p2') }]);
  expect(reader.log({ limit: 2 }).map((line) => line.seq)).toEqual([6, 5]);
  reader.close();
  journal.close();
});

test('a glance leaves out the recent runs of those who are well, and nothing else', () => {
  const { file, journal } = journalIn(folder());
  const blank = { paths: {}, lastRun: null, failures: 0, waitUntil: 0, lastTurn: 0 };
  const agent = (name: string, recent: RunBrief[]) =>
    put('agents', name, { name, recent, ...blank });
  const bad = [brief('1', 'ok'), brief('2', 'failed'), brief('3', 'empty'), brief('4', 'failed')];
  const rows = [
    agent('ill', bad),
    agent('well', [...bad, brief('5', 'ok')]),
    agent('new', []),
    agent('"quoted\u202e"', [brief('1', 'ok')]),
  ];
  journal.commit([tick()], [hostRow(1), ...rows, put('releases', 'r', aRelease(1))]);
  journal.close();
  const reader = openReader(file);
  const [whole, glance] = [reader.state(), reader.glance()];
  reader.close();
  const well = ['well', '"quoted\u202e"'];
  const expected = [...whole.agents].map(([name, row]) => {
    return [name, well.includes(name) ? { ...row, recent: [] } : row];
  });
  expect([...glance.agents]).toEqual(expected);
  expect({ ...glance, agents: null }).toEqual({ ...whole, agents: null });
  expect(failingAgents(glance)).toEqual(failingAgents(whole));
  expect(failingAgents(glance)).toMatchObject([{ agent: 'ill', runs: 3, last: '4' }]);
});

test('a glance does not cost the runs that it leaves out', () => {
  const { file, journal } = journalIn(folder());
  const blank = { paths: {}, lastRun: null, failures: 0, waitUntil: 0, lastTurn: 0 };
  const recent = Array.from({ length: 30 }, (_, n) => brief(`run-${n}`, 'ok'));
  const names = Array.from({ length: 500 }, (_, n) => `agent-${n}`);
  journal.commit(
    [tick()],
    names.map((name) => put('agents', name, { name, recent, ...blank })),
  );
  journal.close();
  const reader = openReader(file);
  // Side by side, so that a busy machine slows both.
  expect(medianOf(() => void reader.glance()) * 3).toBeLessThan(
    medianOf(() => void reader.state()),
  );
  reader.close();
});
