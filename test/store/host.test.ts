import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLog } from '../../supervisor/host/log.ts';
import { runNotifyCommand, tellServiceManager } from '../../supervisor/host/process/notify.ts';
import { at, cron, cronFaults } from '../../supervisor/host/time/timer.ts';
import { Failure } from '../../supervisor/model/reason.ts';
import { folder, soon } from './support.ts';

test('a cron timer wakes at each firing until it is stopped, and says when it is next', async () => {
  let woken = 0;
  const timer = cron('* * * * * *', 'UTC', () => {
    woken += 1;
  });
  const next = timer.next() ?? 0;
  expect(next % 1000).toBe(0);
  expect(next - Date.now()).toBeLessThanOrEqual(1000);
  await expect.poll(() => woken, soon).toBeGreaterThanOrEqual(1);
  timer.stop();
});

test('a firing that was missed while the process was busy still wakes', async () => {
  let woken = 0;
  const started = Math.floor(Date.now() / 1000);
  const timer = cron('* * * * * *', 'UTC', () => {
    woken += 1;
  });
  onTestFinished(() => timer.stop());
  const busyUntil = Date.now() + 2300;
  while (Date.now() < busyUntil);
  const firings = () => Math.floor(Date.now() / 1000) - started;
  await expect.poll(() => woken - firings(), { timeout: 3500, interval: 10 }).toBe(0);
});

test('a one-shot timer wakes once, also for an instant that is past, and not when stopped', async () => {
  const woken: string[] = [];
  at(Date.now() - 1000, Date.now, () => woken.push('past'));
  at(Date.now() + 10, Date.now, () => woken.push('soon'));
  at(Date.now() + 5, Date.now, () => woken.push('stopped')).stop();
  const far = at(Date.now() + 90 * 86_400_000, Date.now, () => woken.push('in 90 days'));
  await expect.poll(() => woken, soon).toEqual(['past', 'soon']);
  far.stop();
});

test('cron expressions are judged for the timer and for the arithmetic alike', () => {
  for (const good of ['*/15 * * * *', '0 0 1 1 *', '*/5 * * * * *', '0 9-17 * * mon-fri']) {
    expect(cronFaults(good)).toEqual([]);
  }
  for (const bad of ['', 'x', '60 * * * *', '0 0 31 2 *', '*/100 * * * *', '* * * *']) {
    expect(cronFaults(bad), bad).not.toEqual([]);
  }
});

test('a log line is one JSON document, or one line for people', () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  openLog({ human: false, write }).with({ run: 'r1' }).warn('slow', { ms: 7 });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'warn',
    msg: 'slow',
    run: 'r1',
    ms: 7,
  });
  openLog({ human: true, write }).error('bad\n\u001b[2Jtitle', { agent: 'a\u202eb' });
  expect(lines[1]).toMatch(
    /^\d\d:\d\d:\d\d error bad\\u\{a\}\\u\{1b\}\[2Jtitle {2}agent=a\\u\{202e\}b\n$/,
  );
  openLog({ write }).debug('not asked for');
  expect(lines).toHaveLength(2);
});

test('an error in a log keeps its causes', () => {
  const lines: string[] = [];
  const log = openLog({ human: false, write: (line) => void lines.push(line) });
  log.error('failed', { err: new Error('outer', { cause: new Error('inner') }) });
  expect(lines[0]).toContain('inner');
});

/** What a log writes to stderr that takes nothing for some calls, and its exit code. */
function logged(program: string, calls: number) {
  const file = join(folder(), 'log');
  const log = join(import.meta.dirname, '../../supervisor/host/log.ts');
  const script = `import { openLog } from '${log}'; const log = openLog({ human: false }); ${program}`;
  const fails = ['-P', file, '-e', `inject=write:error=ENOSPC:when=1..${calls}`];
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  const { status } = spawnSync('strace', ['-o', '/dev/null', ...fails, ...node], {
    stdio: ['ignore', 'ignore', openSync(file, 'w')],
    timeout: 30_000,
  });
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return { status, lines: lines.map((line) => JSON.parse(line)) };
}

test('a log that takes no line for a while costs no line, and nobody his life', () => {
  const program = "for (const line of ['first', 'second', 'third', 'fourth']) log.info(line)";
  const { status, lines } = logged(program, 2);
  expect(status).toBe(0);
  expect(lines).toMatchObject([
    { msg: 'first' },
    { msg: 'second' },
    { msg: 'third' },
    { level: 'warn', cause: expect.stringContaining('ENOSPC'), lost: 0 },
    { msg: 'fourth' },
  ]);
});

test('what waits for a log is bounded, and lines that are lost are counted', () => {
  const { lines } = logged("for (let at = 0; at < 30; at++) log.info('x'.repeat(1e5))", 29);
  const { lost } = lines.find(({ level }) => level === 'warn');
  expect(lost).toBe(20);
  expect(lines).toHaveLength(30 - lost + 1);
});

test('the service manager is told through its socket, and nobody where there is none', async () => {
  const socket = join(folder(), 'notify');
  const program = join(import.meta.dirname, '..', 'fixtures', 'store', 'hears-notifications.pl');
  const listener = spawn('perl', [program, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void listener.kill('SIGKILL'));
  let heard = '';
  listener.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  await expect.poll(() => existsSync(socket), soon).toBe(true);
  const environment = { ...process.env, NOTIFY_SOCKET: socket };
  expect(await tellServiceManager(['READY=1', 'STATUS=up'], environment)).toBe(true);
  await expect.poll(() => heard, soon).toContain('READY=1\nSTATUS=up');
  const { NOTIFY_SOCKET: _, ...without } = environment;
  expect(await tellServiceManager(['READY=1'], without)).toBe(false);
});

test('the notify command gets JSON on stdin, in its folder', async () => {
  const place = folder();
  mkdirSync(join(place, 'bin'));
  writeFileSync(join(place, 'bin', 'tell'), '#!/bin/sh\ncat > told.json\n', { mode: 0o755 });
  const message = { event: 'refused', id: 'p1', big: 'x'.repeat(300_000) };
  await runNotifyCommand({ argv: ['./bin/tell'], folder: place, message, withinMs: 20_000 });
  expect(JSON.parse(readFileSync(join(place, 'told.json'), 'utf8'))).toEqual(message);
});

const failing: [string, string[], string, number?][] = [
  ['exits with a fault', ['sh', '-c', 'echo no route >&2; exit 3'], 'exit 3: no route'],
  ['does not exist', ['/nowhere/tell'], 'it did not start'],
  ['is killed', ['sh', '-c', 'kill -9 $$'], 'SIGKILL'],
  ['hangs', ['sh', '-c', 'sleep 987654 & wait'], 'still running after 300 ms', 300],
];

test.each(failing)(
  'a notify command that %s is a clear failure',
  async (_, argv, actual, withinMs = 20_000) => {
    const told = runNotifyCommand({ argv, folder: folder(), message: {}, withinMs });
    const failure = (await told.catch((error: unknown) => error)) as Failure;
    expect(failure).toBeInstanceOf(Failure);
    expect(failure.reason).toMatchObject({ code: 'host-failed', step: 'notify' });
    expect(failure.reason.actual).toContain(actual);
  },
);

test('what a hanging notify command started dies with it', async () => {
  const place = folder();
  const argv = ['sh', '-c', 'sleep 876543 & echo $! > pid; wait'];
  const told = runNotifyCommand({ argv, folder: place, message: {}, withinMs: 1500 });
  await expect(told).rejects.toThrow(Failure);
  const pid = readFileSync(join(place, 'pid'), 'utf8').trim();
  await expect.poll(() => aliveAs(pid, 'sleep'), soon).toBe(false);
});

/** Whether a process of that name still runs; a zombie does not. */
function aliveAs(pid: string, name: string): boolean {
  const file = `/proc/${pid}/stat`;
  const stat = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return stat.includes(`(${name}) `) && !stat.includes(') Z ');
}

test('a notify command that reads nothing is none the worse for it', async () => {
  const message = 'x'.repeat(1_000_000);
  await runNotifyCommand({ argv: ['true'], folder: folder(), message, withinMs: 20_000 });
});
