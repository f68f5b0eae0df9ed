import { afterAll, beforeAll, expect, test } from 'vitest';
import { terminal } from '../../supervisor/model/proposal.ts';
import { randomOf } from '../fuzz/support/mutate.ts';
import { library, Machine, until } from './support/machine.ts';

/*
 * The classic of the trade: a change is on its way while every process of the machine is killed at
 * a random instant, with sync disabled, again and again on one ROOT. What is found afterwards is
 * the old or the new, never a mix; nothing that was dropped is lost or done twice.
 */
const cycles = Number(process.env.AIRLOCK_CYCLES ?? 100);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

let machine: Machine;
beforeAll(() => {
  machine = new Machine();
});
afterAll(() => machine.remove());

/** fsync and its like do nothing: package `eatmydata`. */
const unsynced = { environment: { LD_PRELOAD: library('libeatmydata.so') } };

const turn = (number: number) => `import { writeFileSync } from 'node:fs';
export async function turn({ model, workspace }) {
  await model();
  writeFileSync(workspace + '/done.txt', 'change ${number}');
}
`;

/** How long a change takes from the start of the daemon when nobody is killed, milliseconds. */
async function wholeCycle(number: number): Promise<number> {
  const began = performance.now();
  machine.drop(`change-${number}`, { 'app/turn.mjs': turn(number) });
  machine.start(unsynced);
  expect(await machine.ends(`change-${number}`)).toMatchObject({ phase: 'stable' });
  const took = performance.now() - began;
  await machine.crash();
  return took;
}

test(`${cycles} cycles of a change, killed at any instant`, { timeout: 7_200_000 }, async () => {
  console.log(`SEED=${seed}`);
  const random = randomOf(seed);
  machine.start(unsynced);
  await machine.ready();
  await machine.crash();
  let number = 1;
  const whole = await wholeCycle(number);
  const met = new Map<string, number>();
  for (let cycle = 0; cycle < cycles; cycle++) {
    const before = machine.current();
    const open = machine.proposals().filter((one) => !terminal.has(one.phase));
    if (open.length + machine.waiting().length === 0) {
      number += 1;
      machine.drop(`change-${number}`, { 'app/turn.mjs': turn(number) });
    }
    const instant = random(Math.ceil(whole));
    machine.start(unsynced);
    await new Promise((resolve) => setTimeout(resolve, instant));
    expect(machine.running, machine.said).toBe(true);
    await machine.crash();
    const where = `SEED=${seed}, cycle ${cycle}, killed after ${instant} ms`;
    expect(machine.faults(), where).toEqual([]);
    const [change] = machine.named(`change-${number}`);
    const told = `${where}: ${JSON.stringify(machine.named(`change-${number}`))}`;
    expect([before, change?.release], told).toContain(machine.current());
    const phase = change?.phase ?? 'in the inbox';
    met.set(phase, (met.get(phase) ?? 0) + 1);
  }
  machine.start(unsynced);
  await until(
    () => machine.named(`change-${number}`).some((one) => terminal.has(one.phase)),
    () => `the last change to end: ${machine.said.slice(-2000)}`,
  );
  await machine.quit();
  const all = machine.proposals().map((one) => `${one.drop}: ${one.phase}`);
  const wanted = Array.from({ length: number }, (_, at) => `change-${at + 1}: stable`);
  expect(all.sort()).toEqual(wanted.sort());
  expect(machine.waiting()).toEqual([]);
  machine.ask('verify');
  const spread = [...met].map(([phase, count]) => `${phase} ${count}`).join(', ');
  console.log(`whole cycle ${Math.round(whole)} ms; ${number} changes; killed in: ${spread}`);
});
