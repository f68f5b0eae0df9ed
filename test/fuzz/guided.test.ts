import { afterAll, expect, test } from 'vitest';
import { fuzz } from './support/guided.ts';
import { givenTargets } from './support/targets.ts';
import { tell } from './support/told.ts';

/*
 * Everything that reads what an agent wrote is given inputs that are made of those that reached
 * new code: it says what is wrong in words that are known, soon, and keeps nothing of it.
 */
const all = Number(process.env.AIRLOCK_FUZZ ?? 3600);
const seed = Number(process.env.SEED ?? 1);
const { targets, remove } = givenTargets();
afterAll(remove);

test.each(targets)(
  '$name: no crash, no hang, no growth',
  { timeout: 7_200_000 },
  async (target) => {
    const told = await fuzz(target, Math.ceil(all / targets.length), seed);
    tell(told);
    const input = told.slowestInput.toString('base64').slice(0, 4000);
    expect(told.slowest, `CPU of the slowest input: ${input}`).toBeLessThan(2000);
    const growth = told.heap.late - told.heap.early;
    expect(growth, 'growth of the heap').toBeLessThan(16 * 1024 * 1024);
  },
);
