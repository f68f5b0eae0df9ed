import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Proposal, terminal } from '../../supervisor/model/proposal.ts';
import { Machine } from './support/machine.ts';
import { type Called, callsUnder, type Fault, fromTheStart, Hurting } from './support/strace.ts';

/*
 * Calls of the real process fail in turn, from outside: while it starts, and while a change is on
 * its way. It says so, loses nothing, and goes on when the fault is over; where it ends, it is
 * started again, as a service manager does.
 */
const calls = 'fsync,fdatasync,write,pwrite64,rename,link,symlink,openat';
/** Of all the faults every so manieth; 1 is the whole sweep. */
const stride = Number(process.env.AIRLOCK_SWEEP ?? 36);

/** Faults that nobody has to say: what they stop is not needed, and is done in another way. */
const harmless = [
  // SQLite syncs the folder of its files, and does not look at what came of it.
  /^(openat|fsync) \/var\/state$/,
  // Only saves reading YAML.
  /^openat \/var\/state\/parsed\//,
];

/** Each time: it was opened for reading instead, and held nobody out. */
const always = /^openat .*writer\.lock$/;

let settled: Machine;
beforeAll(async () => {
  settled = new Machine();
  settled.start();
  await settled.ready();
  await settled.quit();
});
afterAll(() => settled.remove());

type When = 'starting' | 'working';
interface Case {
  when: When;
  kind: string;
  fault: Fault;
}

/** The calls that touch ROOT in a life without faults, one of each kind. */
async function recorded(): Promise<Map<When, Called[]>> {
  const machine = new Machine(settled);
  const log = join(machine.folder, 'calls');
  try {
    machine.start({ by: fromTheStart(calls, null, log) });
    await machine.ready();
    await machine.quit();
    const starting = callsUnder(log, machine.layout.root);
    rmSync(log);
    machine.start();
    await machine.ready();
    const hurting = new Hurting(machine, calls, null, log);
    await hurting.holds(machine);
    machine.drop('first', { 'app/first.md': 'first' });
    expect(await machine.ends('first')).toMatchObject({ phase: 'stable' });
    await hurting.ends();
    const working = callsUnder(log, machine.layout.root);
    return new Map([
      ['starting', oneOfEach(starting)],
      ['working', oneOfEach(working)],
    ]);
  } finally {
    await machine.remove();
  }
}

/** The first, and of those that come often one from the middle. */
function oneOfEach(all: Called[]): Called[] {
  const kinds = new Map<string, Called[]>();
  for (const one of all) kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), one]);
  return [...kinds.values()].flatMap((same) => {
    const middle = same[Math.floor(same.length / 2)] as Called;
    return same.length > 10 ? [same[0] as Called, middle] : [same[0] as Called];
  });
}

const errorsOf = (name: string): Fault['error'][] => {
  if (name === 'openat') return ['EMFILE', 'EIO'];
  if (/sync/.test(name)) return ['EIO', 'ENOSPC', 'EDQUOT'];
  return ['EIO', 'ENOSPC', 'EDQUOT'];
};

/** What is wrong with what became of a machine under one fault. */
async function endure({ when, kind, fault }: Case): Promise<string[]> {
  const machine = new Machine(settled);
  const log = join(machine.folder, 'calls');
  const wrong: string[] = [];
  try {
    machine.start(when === 'starting' ? { by: fromTheStart(fault.calls, fault, log) } : {});
    await machine.ready();
    const early = machine.running ? [] : [`ended ${machine.exit}`];
    await machine.keep();
    const hurting = when === 'working' ? new Hurting(machine, fault.calls, fault, log) : null;
    await hurting?.holds(machine);
    machine.drop('under', { 'app/under.md': 'under' });
    const under = await survives(machine, 'under', early);
    await hurting?.ends();
    const said = [...early, ...reports(machine)];
    if (under.phase !== 'stable') {
      said.push(under.phase);
      machine.drop('after', { 'app/after.md': 'after' });
      const after = await survives(machine, 'after', early);
      if (after.phase !== 'stable') wrong.push(`later ${after.phase}: ${after.reason?.message}`);
      if (!ofTheHost(under)) wrong.push(`${under.phase}: ${JSON.stringify(under.reason)}`);
    }
    const hit = callsUnder(log, machine.layout.root).filter((one) => one.injected);
    const grave = hit.find((one) => !harmless.some((form) => form.test(one.kind)));
    if (grave !== undefined && said.length === 0) wrong.push(`nothing said of ${grave.kind}`);
    await machine.quit();
    wrong.push(...machine.faults());
    if (machine.named('under').length !== 1) wrong.push('it was not taken once');
    if (machine.waiting().length > 0) wrong.push(`left in the inbox: ${machine.waiting()}`);
  } catch (error) {
    wrong.push(String(error));
  } finally {
    await machine.remove();
  }
  return wrong.map((one) => `${when}: ${kind}: ${JSON.stringify(fault)}: ${one}`);
}

/** What it says of faults: in its log, and in the journal where a step failed and is repeated. */
function reports(machine: Machine): string[] {
  const logged = machine.history.split('\n').filter((line) => /"level":"(warn|error)"/.test(line));
  const entries = machine.read((reader) => reader.log({ limit: 100_000 }));
  const failed = entries.filter(
    ({ entry }) => entry.type === 'outcome' && entry.outcome.of === 'failed',
  );
  return [...logged, ...failed.map(({ entry }) => JSON.stringify(entry))];
}

/** The end of a change, with the daemon started again as often as it ends. */
async function survives(machine: Machine, drop: string, ends: string[]): Promise<Proposal> {
  for (;;) {
    const found = await machine.ends(drop).catch((error) => {
      if (machine.running) throw error;
      return null;
    });
    if (found !== null && terminal.has(found.phase)) return found;
    ends.push(`ended ${machine.exit}`);
    await machine.keep();
  }
}

/** The change is not to blame for it, and may come again. */
const ofTheHost = ({ reason }: Proposal) =>
  /^(host-failed|gate-error|internal|canary-inconclusive|bake-inconclusive)$/.test(
    reason?.code ?? '',
  );

/** Two at a time: one core each. */
async function each<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

test('calls fail in turn, while it starts and while it works', { timeout: 7_200_000 }, async () => {
  const found = await recorded();
  const cases = [...found].flatMap(([when, all]) =>
    all.flatMap(({ name, number, kind }) =>
      errorsOf(name).map((error): Case => {
        return { when, kind, fault: { calls: name, error, first: number, count: 1 } };
      }),
    ),
  );
  const chosen = cases.filter(({ kind }, at) => at % stride === 0 || always.test(kind));
  const wrong: string[] = [];
  const began = performance.now();
  await each(chosen, async (one) => {
    const faults = await endure(one);
    for (const fault of faults) console.log(fault);
    wrong.push(...faults);
  });
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`${chosen.length} of ${cases.length} faults in ${seconds} s`);
  expect(wrong).toEqual([]);
});
