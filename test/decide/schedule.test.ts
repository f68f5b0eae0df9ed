import { describe, expect, test } from 'vitest';
import {
  cronFault,
  firingsBetween,
  hoursOfWeek,
  nextFiring,
  nextStart,
  tighter,
} from '../../supervisor/decide/schedule.ts';
import { now } from './build.ts';

const minute = 60_000;
const hour = 60 * minute;

test.each([
  ['0 * * * *', 'UTC', null],
  ['*/15 * * * * *', 'UTC', null],
  ['61 * * * *', 'UTC', 'fault'],
  ['0 0 30 2 *', 'UTC', 'fault'],
  ['0 * * * *', 'Nowhere/At-all', 'fault'],
  ['garbage', 'UTC', 'fault'],
])('%s in %s: %s', (cron, zone, fault) => {
  expect(cronFault(cron, zone) === null ? null : 'fault').toBe(fault);
});

describe('when a path is due', () => {
  test.each([
    ['the next full hour', '0 * * * *', 'UTC', now + minute, now + hour],
    ['strictly after: a firing now has been', '0 * * * *', 'UTC', now, now + hour],
    ['with seconds', '*/30 * * * * *', 'UTC', now, now + 30_000],
    ['in its zone', '0 15 * * *', 'Europe/Berlin', now, now + 2 * hour],
  ])('%s', (_, cron, zone, after, expected) => {
    expect(nextFiring(cron, zone, after)).toBe(expected);
    // Asked again from within and from after the span: the same answer, and the following one.
    expect(nextFiring(cron, zone, expected - 1)).toBe(expected);
    expect(nextFiring(cron, zone, expected)).toBeGreaterThan(expected);
  });

  test('the hour that daylight saving takes is left out', () => {
    const night = Date.UTC(2026, 2, 29, 0, 30);
    expect(nextFiring('30 * * * *', 'Europe/Berlin', night)).toBe(night + hour);
  });

  test('firings between two instants, the later included, the earlier not', () => {
    expect(firingsBetween('0 * * * *', 'UTC', now, now + 3 * hour)).toBe(3);
    expect(firingsBetween('0 * * * *', 'UTC', now, now)).toBe(0);
    expect(firingsBetween('* * * * * *', 'UTC', now, now + hour, 10)).toBe(10);
  });
});

describe('jitter', () => {
  const start = (name: string, cron: string, jitter: number) =>
    nextStart({ agent: name, path: 'task', cron }, 'UTC', now, jitter) - now;
  const names = Array.from({ length: 200 }, (_, index) => `agent-${index}`);

  test('spreads starts over the whole of it, always the same for an agent', () => {
    const starts = names.map((name) => start(name, '0 * * * *', 20_000) - hour);
    expect(Math.min(...starts)).toBeLessThan(2_000);
    expect(Math.max(...starts)).toBeGreaterThan(18_000);
    expect(Math.max(...starts)).toBeLessThan(20_000);
    expect(start('agent-7', '0 * * * *', 20_000)).toBe(start('agent-7', '0 * * * *', 20_000));
  });
  test('is at most a tenth of the interval', () => {
    const starts = names.map((name) => start(name, '*/10 * * * * *', 20_000) - 10_000);
    expect(Math.max(...starts)).toBeLessThan(1_000);
  });
  test('none when policy says so', () => {
    expect(names.map((name) => start(name, '0 * * * *', 0))).toEqual(names.map(() => hour));
  });
});

describe('more firings in any hour of a week', () => {
  test.each([
    [null, '0 0 * * *', true],
    ['0 * * * *', '0 * * * *', false],
    ['0 * * * *', '59 * * * *', false],
    ['*/5 * * * *', '*/10 * * * *', false],
    ['*/10 * * * *', '*/5 * * * *', true],
    ['0 0 * * *', '0 1 * * *', true],
    ['0 * * * 1-5', '0 * * * *', true],
    ['0 * * * *', '0 * * * 1-5', false],
    ['* * * * *', '*/30 * * * * *', true],
    ['*/30 * * * * *', '* * * * *', false],
    ['0 0 1 * *', '0 0 2 * *', true],
    ['0 0 * * *', '0 0 1 * *', true],
    ['0 9-17 * * 1', '0 9-16 * * 1', false],
    ['0 9-17 * * 1', '0 9-18 * * 1', true],
  ])('from %s to %s: %s', (old, next, expected) => {
    expect(tighter(old, next)).toBe(expected);
  });

  test.each(['*/7 * * * *', '0,1,30 2-5 * * 0', '*/20 */10 3 * * 1,2', '0 0 * * 7'])(
    'hours of %s, as counted firing by firing',
    (cron) => {
      const monday = Date.UTC(2024, 0, 1);
      const counted = Array.from({ length: 168 }, (_, index) =>
        firingsBetween(
          cron,
          'UTC',
          monday - 1 + index * hour,
          monday - 1 + (index + 1) * hour,
          9e9,
        ),
      );
      expect(hoursOfWeek(cron)).toEqual(counted);
    },
  );
});
