import { describe, expect, test } from 'vitest';
import { Pace } from '../../supervisor/observe/pace.ts';

const all = Array.from({ length: 1000 }, (_, at) => ({ name: `d${at}`, ready: true, readyAt: at }));
type One = (typeof all)[number];

/** What is told of at an instant, of so many that lie there; those that are gone came first. */
const told = (pace: Pace<One>, passed: number, gone = 0, count = all.length - gone) =>
  pace.of(all.slice(gone, gone + 64), (one) => one, { passed, count });
const ready = (of: ReturnType<typeof told>) => of.filter(({ wait }) => wait === 0);

describe('the pace of a flood', () => {
  test('what is no flood is told at once', () => {
    expect(ready(told(new Pace(), 0, 0, 100))).toHaveLength(64);
  });
  test('32 are told, and no others until they are gone', () => {
    const pace = new Pace<One>();
    expect(ready(told(pace, 0))).toHaveLength(32);
    expect(ready(told(pace, 10_000, 30)).map(({ entry }) => entry.name)).toEqual(['d30', 'd31']);
  });
  test.each([
    ['twice what they took', 500, 1000],
    ['a little, when they took nothing', 1, 200],
  ])('then it rests %s', (_, took, rest) => {
    const pace = new Pace<One>();
    told(pace, 0);
    expect(told(pace, took, 32)).toEqual([{ entry: all[32], wait: rest }]);
    expect(ready(told(pace, took + rest - 1, 32))).toEqual([]);
    expect(ready(told(pace, took + rest, 32))).toHaveLength(32);
  });
  test('the rest of a flood, once it is none, waits no longer', () => {
    const pace = new Pace<One>();
    told(pace, 0);
    told(pace, 500, 32);
    expect(ready(told(pace, 501, 900))).toHaveLength(64);
  });
});
