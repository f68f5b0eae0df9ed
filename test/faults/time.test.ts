import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { library, Machine, signalAll, until } from './support/machine.ts';

/*
 * The wall clock of the real daemon is set while it works (libfaketime: the monotonic clock goes on
 * as it did, which is also what a suspended machine sees when it wakes), or the daemon is stopped.
 */
const hour = 3600;

// Mostly they wait for time to pass.
vi.setConfig({ maxConcurrency: 3 });

let settled: Machine;
beforeAll(async () => {
  settled = new Machine(null, slow);
  settled.start();
  await settled.ready();
  await settled.quit();
});
afterAll(() => settled.remove());

/** Midnight, when all agents run, comes twice in this zone on 25 October, at 00:00 and 01:00 UTC. */
const slow = { bakes: '3s', more: 'timezone: Atlantic/Azores\n' };
const bakes = 3000;

/** A machine whose daemon reads the time here. */
class TimedMachine extends Machine {
  #ahead = 0;

  /** `like` null: its first start, so that nothing on record is of another month. */
  constructor(like: Machine | null = settled) {
    super(like, slow);
  }

  /** Seconds that its clock is ahead of this machine's. */
  set(ahead: number): void {
    this.#ahead = ahead;
    const file = join(this.folder, 'clock');
    writeFileSync(`${file}.new`, `${ahead < 0 ? '' : '+'}${ahead}\n`);
    renameSync(`${file}.new`, file);
  }

  /** Set by so many seconds. */
  by(seconds: number): void {
    this.set(this.#ahead + Math.round(seconds));
  }

  /** Milliseconds since 1970, as it sees it. */
  now(): number {
    return Date.now() + this.#ahead * 1000;
  }

  async begin(at = Date.now()): Promise<void> {
    this.set(Math.round((at - Date.now()) / 1000));
    this.start({
      environment: {
        LD_PRELOAD: library('faketime/libfaketimeMT.so.1'),
        ...{ FAKETIME_TIMESTAMP_FILE: join(this.folder, 'clock'), FAKETIME_NO_CACHE: '1' },
        ...{ FAKETIME_DONT_FAKE_MONOTONIC: '1' },
      },
    });
    await this.ready();
  }

  async reaches(drop: string, phase: string): Promise<number> {
    await until(
      () => this.named(drop)[0]?.phase === phase,
      () => `${drop} to be ${phase}: ${JSON.stringify(this.named(drop)[0])}`,
    );
    return performance.now();
  }

  /** How often each agent has run on its schedule. */
  scheduled(): Record<string, number> {
    const runs = this.read((reader) => reader.runs({ limit: 1000 }));
    const own = runs.filter((run) => run.kind === 'service');
    const names = ['ada', 'ben', 'cleo'];
    return Object.fromEntries(names.map((n) => [n, own.filter((r) => r.agent === n).length]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}

const once = { ada: 1, ben: 1, cleo: 1 };

/** Fails for everybody but the canary, and only where somebody has lived before. */
const uneven = {
  'app/turn.mjs': `import { existsSync, writeFileSync } from 'node:fs';
export async function turn({ model, agent, workspace }) {
  await model();
  if (agent !== 'ada' && existsSync(workspace + '/done.txt')) throw new Error('cannot live here');
  writeFileSync(workspace + '/done.txt', 'done');
}
`,
};

test.concurrent.each([
  ['forward', hour],
  ['back', -hour],
])('set an hour %s, a bake is neither cut short nor an hour longer', async (_, by) => {
  await using machine = new TimedMachine();
  await machine.begin();
  machine.drop('change', { 'app/note.md': 'x' });
  const began = await machine.reaches('change', 'baking');
  machine.by(by);
  const ended = await machine.reaches('change', 'stable');
  expect(ended - began).toBeGreaterThan(bakes - 500);
});

test.concurrent.each([
  ['forward', hour],
  ['back', -hour],
])('set an hour %s during a bake, a rollback is not missed', async (_, by) => {
  await using machine = new TimedMachine();
  await machine.begin();
  machine.drop('before', { 'app/note.md': 'x' });
  await machine.reaches('before', 'stable');
  const before = machine.current();
  machine.drop('change', uneven);
  await machine.reaches('change', 'baking');
  machine.by(by);
  await machine.reaches('change', 'rolled-back');
  expect(machine.current()).toBe(before);
});

test.concurrent('an hour that comes twice, by the zone and by hand, runs nobody twice', async () => {
  await using machine = new TimedMachine(null);
  await machine.begin(Date.UTC(2026, 9, 24, 20));
  machine.by((Date.UTC(2026, 9, 24, 23, 59, 57) - machine.now()) / 1000);
  await until(
    () => Object.values(machine.scheduled()).every((count) => count > 0),
    () => `midnight's runs: ${JSON.stringify(machine.scheduled())}`,
  );
  const passes = async (end: number) => {
    await until(
      () => machine.now() > end,
      () => 'the time to pass',
    );
    expect(machine.scheduled()).toEqual(once);
  };
  // Midnight for the second time, by the calendar of that zone.
  machine.by(hour - 10);
  await passes(Date.UTC(2026, 9, 25, 1, 0, 3));
  // And once more: somebody sets the clock back.
  machine.by(-hour - 10);
  await passes(Date.UTC(2026, 9, 25, 0, 0, 3));
});

test.concurrent('a machine that slept over midnight runs each agent once', async () => {
  await using machine = new TimedMachine(null);
  await machine.begin(Date.UTC(2026, 9, 24, 23, 0, 0));
  expect(Object.values(machine.scheduled())).toEqual([0, 0, 0]);
  machine.by(8 * hour);
  await until(
    () => Object.values(machine.scheduled()).every((count) => count > 0),
    () => `midnight's runs: ${JSON.stringify(machine.scheduled())}`,
  );
  const seen = machine.now();
  await until(
    () => machine.now() > seen + 2500,
    () => 'two ticks more',
  );
  expect(machine.scheduled()).toEqual(once);
});

test.concurrent('stopped for longer than a bake, it misses no rollback', async () => {
  await using machine = new TimedMachine();
  await machine.begin();
  machine.drop('before', { 'app/note.md': 'x' });
  await machine.reaches('before', 'stable');
  const before = machine.current();
  machine.drop('change', uneven);
  await machine.reaches('change', 'baking');
  signalAll(machine.pid, 'SIGSTOP');
  const stopped = performance.now();
  await until(
    () => performance.now() > stopped + bakes + 1000,
    () => 'the bake to pass',
  );
  signalAll(machine.pid, 'SIGCONT');
  await machine.reaches('change', 'rolled-back');
  expect(machine.current()).toBe(before);
});
