import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { missing } from './coverage.ts';
import { history } from './history.ts';
import { howToReplay } from './timeline.ts';

/** Histories in all; `.ci/nightly` asks for many more. */
const histories = Number(process.env.HISTORIES ?? 6000);
/** `SEED=123 npx vitest run test/simulation`: this one alone. */
const only = process.env.SEED === undefined ? null : Number(process.env.SEED);
/** The files that share the work, so that every core has some. */
export const shards = 4;

/** One share of the histories: all invariants hold in each, and together they reach everything. */
export function shard(number: number): void {
  const share = Math.ceil(histories / shards);
  const first = number * 1_000_000_000;
  const mine = Array.from({ length: share }, (_, index) => first + index);
  const seeds = only === null ? mine : number === 0 ? [only] : [];
  test(`every invariant holds in ${seeds.length} histories`, { timeout: 3_600_000 }, async () => {
    const seen = new Map<string, number>();
    for (const seed of seeds) {
      const told = history(seed);
      if (told.violation !== null) expect.fail(howToReplay(told));
      for (const [name, often] of told.seen) seen.set(name, (seen.get(name) ?? 0) + often);
      // The runner wants to hear from a long test now and then.
      if (seed % 50 === 0) await setImmediate();
    }
    expect(missing(seen, only === null ? share : 0)).toEqual([]);
  });
}
