import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  Committed,
  dropMany,
  type Flood,
  floodPolicy,
  newFile,
  stageMany,
} from '../test/intake/support/flood.ts';
import { startHost, type TestHost } from '../test/pipeline/support/host.ts';
import { quantile, reportGoal } from './measure.ts';

/*
 * Floods of drops on a supervisor in this process: many at once from five agents and from one,
 * and many from one agent while the loop is blocked, so that the kernel's queue of events
 * overflows. Beside each flood another agent drops one by one. Usage: intake.ts [at once] [blocked]
 */
const [atOnce = 5_000, blocked = 40_000] = process.argv.slice(2).map(Number);

const policy = floodPolicy('0 * * * * *');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function flood(what: string, agents: string[], count: number): Promise<void> {
  if (count === 0) return;
  const committed = new Committed();
  const host = await startHost({ policy, aroundJournal: committed.around });
  try {
    for (const one of [...agents, 'other']) mkdirSync(host.layout.inbox(one), { recursive: true });
    const plan = { inboxes: agents.map((agent) => host.layout.inbox(agent)), count };
    stageMany(plan);
    await pause(2000);
    await measure(what, host, committed, plan);
  } finally {
    await host[Symbol.asyncDispose]();
  }
}

async function measure(what: string, host: TestHost, { proposals }: Committed, plan: Flood) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const began = performance.now();
  const child = what.includes('blocked') ? null : spawn(process.execPath, dropMany(plan));
  if (child === null) execFileSync(process.execPath, dropMany(plan));
  const free = performance.now();
  await pause(1);
  delay.enable();
  const beside: number[] = [];
  let dropped = 0;
  while (proposals.size < plan.count + dropped) {
    const began = performance.now();
    const name = `beside-${dropped++}`;
    host.dropFile('other', `${name}.patch`, newFile(name));
    const received = () => [...proposals.values()].find((one) => one.drop === name)?.at;
    while (received() === undefined) await pause(20);
    beside.push((received() ?? 0) - began);
    await pause(200);
  }
  delay.disable();
  const last = Math.max(...[...proposals.values()].map((one) => one.at));
  const seconds = (last - began) / 1000;
  const { count } = plan;
  reportGoal(
    `${count} drops, ${what}`,
    '(s, 1/s, ms, MB)',
    {
      ...{ seconds, rate: count / seconds, blockedFor: free - began },
      ...{ longestStall: delay.max / 1e6, stallP99: delay.percentile(99) / 1e6 },
      ...{ besideP50: quantile(beside, 0.5), besideMax: Math.max(...beside) },
      rss: process.memoryUsage.rss() / 2 ** 20,
    },
    'longest stall < 50 ms, beside < 1 s',
  );
}

await flood('5 agents, at once', ['ada', 'ben', 'cleo', 'dan', 'eve'], atOnce);
await flood('1 agent, at once', ['ada'], atOnce);
await flood('1 agent, loop blocked', ['ada'], blocked);
