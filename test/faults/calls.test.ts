import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Proposal, terminal } from '../../supervisor/model/proposal.ts';
import { allCases, type Case } from './support/cases.ts';
import { Machine, until } from './support/machine.ts';
import { type Called, callsUnder, type Fault, fromTheStart, Hurting } from './support/strace.ts';

/*
 * Calls of the real process fail in turn, from outside: while it starts, and while a change is on
 * its way. It says so, loses nothing, and goes on when the fault is over; where it ends, it is
 * started again, as a service manager does.
 */

/** Of all the faults every so manieth; 1 is the whole sweep. */
const stride = Number(process.env.AIRLOCK_SWEEP ?? 60);
/** Only those whose name has this form: to look again at what a sweep found. */
const only = new RegExp(process.env.AIRLOCK_SWEEP_ONLY ?? '');

/** Faults that nobody has to say: what they stop is not needed, and is done in another way. */
const harmless = [
  // SQLite syncs the folder of its files, and does not look at what came of it. We say O_DIRECTORY.
  /^(openat|fsync) \/var\/state$/,
  // What Node cannot remove of a run's place, coreutils do; where they cannot, it is told.
  /^(unlink|rmdir) \/var\/runs\/P\//,
  // What was read as YAML before is read as YAML again; nothing else is read there.
  /^openat \/var\/state\/parsed\/DIGEST\.json$/,
];

/** Each time: it was opened for reading instead, and held nobody out. */
const always = ({ kind, fault }: Case) =>
  /^openat O_CREAT .*writer\.lock$/.test(kind) && /^(EIO|EMFILE)$/.test(fault.error);

/** So many failed calls are a fault that lasts. */
const enough = 5;

let settled: Machine;
beforeAll(async () => {
  settled = new Machine();
  settled.start();
  await settled.ready();
  await settled.quit();
});
afterAll(() => settled.remove());

interface Endured {
  wrong: string[];
  /** Calls on what is under ROOT that failed; of the kind that was meant, and of any. */
  meant: number;
  failed: number;
}

/** What became of a machine under one fault. */
async function endure(one: Case, tries = 3): Promise<Endured> {
  const machine = new Machine(settled);
  const log = join(machine.folder, 'calls');
  const hit = () => callsUnder(log, machine.layout.root).filter(({ injected }) => injected);
  try {
    const wrong = await lived(machine, one, log, hit).catch((error) => [String(error)]);
    const failed = hit();
    const meant = failed.filter(({ kind }) => one.when === 'lasting' || kind === one.kind);
    const strayed = wokeNobody(log);
    if (!strayed) return { wrong, meant: meant.length, failed: failed.length };
    if (tries <= 1) return { wrong: [], meant: 0, failed: 0 };
  } finally {
    await machine.remove();
  }
  return endure(one, tries - 1);
}

/** Threads wake each other by writing, too. That never meets a disk: a life where it failed is void. */
const wokeNobody = (log: string) =>
  existsSync(log) && /eventfd[^\n]*INJECTED/.test(readFileSync(log, 'utf8'));

/** A life under a fault, and what is wrong with it. */
async function lived(
  machine: Machine,
  { when, fault }: Case,
  log: string,
  hit: () => Called[],
): Promise<string[]> {
  const wrong: string[] = [];
  machine.start(when === 'starting' ? { by: fromTheStart(fault.calls, fault, log) } : {});
  await machine.ready();
  const early = machine.running ? [] : [`ended ${machine.exit}`];
  await machine.keep();
  const hurting = when === 'starting' ? null : new Hurting(machine, fault.calls, fault, log);
  await hurting?.holds(machine);
  machine.drop('under', { 'app/under.md': 'under' });
  if (when === 'lasting') {
    await until(
      () => hit().length >= enough || over(machine, 'under'),
      () => `calls to fail, after ${hit().length}`,
    );
    await hurting?.ends();
  }
  const under = await survives(machine, 'under', early);
  await hurting?.ends();
  const said = [...early, ...reports(machine)];
  if (under.phase !== 'stable') {
    said.push(`${under.phase}: ${JSON.stringify(under.reason)}`);
    machine.drop('after', { 'app/after.md': 'after' });
    const after = await survives(machine, 'after', early);
    if (after.phase !== 'stable') wrong.push(`later ${after.phase}: ${after.reason?.message}`);
    if (!ofTheHost(under, fault)) wrong.push(`${under.phase}: ${JSON.stringify(under.reason)}`);
  }
  const grave = hit().find(({ kind }) => !harmless.some((form) => form.test(kind)));
  if (grave !== undefined && !said.some((line) => names(line, fault))) {
    wrong.push(`nothing said of ${grave.kind}: ${early}; ${machine.history.slice(-1500)}`);
  }
  await machine.quit();
  wrong.push(...machine.faults());
  if (machine.named('under').length !== 1) wrong.push('it was not taken once');
  if (machine.waiting().length > 0) wrong.push(`left in the inbox: ${machine.waiting()}`);
  return wrong;
}

/** A line that tells a fault: by the kernel's word for it, or by SQLite's. */
const names = (line: string, { error }: Fault) =>
  line.includes(error) || /SQLITE_(IOERR|FULL|CANTOPEN|READONLY|BUSY)/.test(line);

/** It is at its end, or the daemon is. */
const over = (machine: Machine, drop: string) =>
  !machine.running || machine.named(drop).some(({ phase }) => terminal.has(phase));

/** What it says of faults: in its log, and in the journal, of a step or a run that failed. */
function reports(machine: Machine): string[] {
  const logged = machine.history.split('\n').filter((line) => /"level":"(warn|error)"/.test(line));
  const entries = machine.read((reader) => reader.log({ limit: 100_000 }));
  return [...logged, ...entries.map(({ entry }) => JSON.stringify(entry))];
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

/**
 * The change is not to blame for it, and may come again. A release of which something cannot be read
 * is not flipped to: what a disk does not give back would be missing at 3 a.m.
 */
const ofTheHost = ({ reason }: Proposal, { error }: Fault) =>
  /^(host-failed|gate-error|internal|canary-inconclusive|bake-inconclusive)$/.test(
    reason?.code ?? '',
  ) ||
  (reason?.code === 'corrupt-release' && reason.actual === error);

/** Two at a time: one core each. */
async function each<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

test('calls fail in turn, while it starts and while it works', { timeout: 7_200_000 }, async () => {
  const cases = await allCases(settled);
  const named = cases.filter(({ when, kind }) => only.test(`${when}: ${kind}`));
  const chosen = named.filter((one, at) => at % stride === 0 || always(one));
  const wrong: string[] = [];
  const missed: string[] = [];
  const began = performance.now();
  let failed = 0;
  await each(chosen, async (one) => {
    const { when, kind, fault } = one;
    const name = `${when}: ${kind}: ${JSON.stringify(fault)}`;
    const endured = await endure(one);
    for (const fault of endured.wrong) console.log(`${name}: ${fault}`);
    wrong.push(...endured.wrong.map((fault) => `${name}: ${fault}`));
    failed += endured.failed;
    if (endured.meant === 0) missed.push(name);
  });
  const seconds = Math.round((performance.now() - began) / 1000);
  const of = `${chosen.length} of ${cases.length} faults in ${seconds} s: ${failed} calls failed`;
  console.log([of, `${missed.length} met another call than was meant`, ...missed].join('\n'));
  expect(wrong).toEqual([]);
});
