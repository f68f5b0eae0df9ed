import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { identify } from '../../supervisor/host/process/process-identity.ts';
import { daemonState, removeDaemon, writeDaemon } from '../../supervisor/store/daemon.ts';
import { takeLock } from '../../supervisor/store/lock.ts';
import { emptyRoot, killHard, linesOf, nextLine, reasonOfFailing, soon, start } from './support.ts';

const about = { since: '2026-11-21T01:18:50.000Z', version: '0.1.0' };

test('one process at a time holds the lock, and it dies with its holder', async () => {
  const place = emptyRoot();
  const holder = start('holds-lock.ts', [place.root]);
  expect(await nextLine(linesOf(holder))).toBe('taken');
  expect(takeLock(place)).toBe(null);
  expect(daemonState(place)).toEqual({ running: true, pid: holder.pid, ...about });
  await killHard(holder);
  expect(daemonState(place).running).toBe(false);
  const lock = takeLock(place);
  expect(lock).not.toBe(null);
  lock?.release();
});

test('asking whether the daemon runs, and asking for the lock again, does not lose it', async () => {
  const place = emptyRoot();
  const lock = takeLock(place);
  writeDaemon(place, about);
  expect(daemonState(place)).toEqual({ running: true, pid: process.pid, ...about });
  expect(takeLock(place)).toBe(null);
  const other = start('holds-lock.ts', [place.root]);
  expect(await nextLine(linesOf(other))).toBe('refused');
  lock?.release();
  const next = start('holds-lock.ts', [place.root]);
  expect(await nextLine(linesOf(next))).toBe('taken');
});

test('a pid that another process has now is not the daemon', () => {
  const place = emptyRoot();
  writeDaemon(place, about);
  const said = JSON.parse(readFileSync(place.daemon, 'utf8'));
  const none = { running: false, pid: null, since: null, version: null };
  for (const lie of [{ start: '1' }, { boot: 'another' }, { pid: 2 ** 22 + 1 }]) {
    writeFileSync(place.daemon, JSON.stringify({ ...said, ...lie }));
    expect(daemonState(place)).toEqual(none);
  }
  writeFileSync(place.daemon, '{"pid":');
  expect(daemonState(place)).toEqual(none);
  removeDaemon(place);
  expect(daemonState(place)).toEqual(none);
});

test('a process that ended and was not waited for is not alive', async () => {
  const keeper = spawn('sh', ['-c', 'sleep 0 & echo $!; exec tail -f /dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void keeper.kill('SIGKILL'));
  const zombie = Number(await nextLine(linesOf(keeper)));
  await expect.poll(() => stateOf(zombie), soon).toBe('Z');
  expect(identify(zombie)).toBe(null);
  expect(identify(keeper.pid ?? 0)).toMatchObject({ pid: keeper.pid });
});

const stateOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .charAt(0);

test('a lock file that is no lock file is a clear failure', () => {
  const place = emptyRoot();
  writeFileSync(
    place.writerLock,
    'somebody wrote into it, more than a header is long. '.repeat(40),
  );
  const why = reasonOfFailing(() => takeLock(place));
  expect(why).toMatchObject({ step: 'take lock', input: place.writerLock });
});
