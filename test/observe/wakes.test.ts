import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Wakes } from '../../supervisor/host/time/wakes.ts';
import { layout } from '../../supervisor/model/layout.ts';

const root = mkdtempSync(join(tmpdir(), 'airlock-wakes-'));
const everySecond = { cron: '* * * * * *', zone: 'UTC', tick: true };
const hour = 3_600_000;

afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true, force: true });
});

test.each([
  ['back', -hour],
  ['forward', hour],
])('the tick goes on when the clock is set %s an hour', async (_, by) => {
  let ticks = 0;
  const wakes = new Wakes(layout(root), Date.now, ({ tick }) => {
    if (tick) ticks++;
  });
  const more = async (count: number) => {
    const wanted = ticks + count;
    await vi.waitFor(() => expect(ticks).toBeGreaterThanOrEqual(wanted), { timeout: 20_000 });
  };
  wakes.beat([everySecond]);
  await more(1);
  // The wall clock alone: timers go on as they do when somebody sets it.
  const away = Date.now() + by - performance.now();
  const set = () => vi.setSystemTime(away + performance.now());
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + by });
  const beating = setInterval(set, 10);
  // More than the one wake that the step itself gives.
  await more(3);
  clearInterval(beating);
  wakes.end();
});

test('ended is ended: nothing that settles later wakes anybody, or keeps the process', async () => {
  let turns = 0;
  const wakes = new Wakes(layout(root), Date.now, () => {
    turns++;
  });
  await wakes.end();
  const before = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  wakes.wake(true);
  wakes.wakeAt(Date.now());
  wakes.beat([everySecond]);
  const after = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  await new Promise((resolve) => setImmediate(() => setTimeout(resolve, 20)));
  expect([turns, after - before]).toEqual([0, 0]);
});
