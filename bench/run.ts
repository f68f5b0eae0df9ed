/**
 * What a run costs over starting the same program bare: sandbox, bridge, gateway, accounting.
 * The two alternate, so that a busy machine is busy for both. Usage: npx tsx bench/run.ts [rounds]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { boundsOf } from '../supervisor/act/run/places.ts';
import { type RunPlace, startRun } from '../supervisor/act/run/run.ts';
import { openDoor } from '../supervisor/gateway/door.ts';
import { removeGroup } from '../supervisor/host/cgroup/kill.ts';
import { groupTrees } from '../supervisor/host/cgroup/mounts.ts';
import { launcherAt } from '../supervisor/host/launcher/client.ts';
import { launch } from '../supervisor/host/process/process.ts';
import { findPrograms } from '../supervisor/host/process/programs.ts';
import { confine } from '../supervisor/host/sandbox/confine.ts';
import { sharedIdentity } from '../supervisor/host/sandbox/identity.ts';
import { policySchema } from '../supervisor/model/policy.ts';
import type { RunSpec } from '../supervisor/model/run.ts';
import { agentSchema } from '../supervisor/model/runtime.ts';

const rounds = Number(process.argv[2] ?? 40);
const base = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const release = join(base, 'releases/20261121T000000Z-0123456789');
for (const folder of [release, join(base, 'workspaces'), join(base, 'var')]) {
  mkdirSync(folder, { recursive: true });
}
writeFileSync(join(release, 'main.mjs'), '');

const policy = policySchema.parse({
  runtime: { source: '.', include: ['app'], entry: ['node'] },
  smoke: { suite: 'smoke' },
  models: { cheap: [{ provider: 'rehearsal' }] },
});
const agent = agentSchema.parse({ name: 'maker', schedule: {}, model: 'cheap' });
const limits = { output: 1 << 20, flood: 1 << 26 };
const spec: RunSpec = {
  ...{ id: '20261121T000000Z-maker-task-1', agent, path: 'task', kind: 'service' },
  ...{ release: '20261121T000000Z-0123456789', deployment: null, extra: false },
  ...{ wall: 60_000, policy: '' },
};
const place: RunPlace = {
  bounds: boundsOf(policy),
  confine,
  ...{ programs: findPrograms(), identity: sharedIdentity(), release, deps: null, limits },
  ...{ runs: join(base, 'var/runs'), entry: ['node', 'main.mjs'], now: Date.now },
  workspace: join(base, 'workspaces/maker'),
  inbox: join(base, 'inbox/maker'),
  receipts: join(base, 'receipts/maker'),
  halted: () => null,
  trace: () => undefined,
  openDoor: (run, socket, trace) =>
    openDoor({
      ...{ run, socket, trace, script: [], models: policy.models, usdLimit: null },
      ...{ halted: () => null, deliver: () => null, limits: policy.limits, now: Date.now },
      readKey: () => '',
    }),
};

const bare: number[] = [];
const run: number[] = [];
const launched: number[] = [];
const launcher = await startLauncher();
for (let round = 0; round < rounds; round++) {
  const environment = { PATH: '/usr/bin:/bin' };
  const command = [process.execPath, join(release, 'main.mjs')];
  bare.push(
    await timed(() => launch(command, { environment, ...limits, kept: 1024, wall: 60_000 })),
  );
  run.push(await timed(() => startRun(spec, place)));
  const through = { ...place, confine: launcherAt(launcher.socket) };
  launched.push(await timed(() => startRun(spec, through)));
}
await launcher.stop();
rmSync(base, { recursive: true, force: true });

/** As in a host install: another process, and as root a run in groups of its own. */
async function startLauncher() {
  const socket = join(base, 'launcher.sock');
  const group = `/airlock-bench-${process.pid}`;
  const command = join(import.meta.dirname, '../supervisor/cli/airlock.ts');
  const argv = ['--import', 'tsx', command, 'launcher', '--root', base, '--socket', socket];
  const env = { PATH: process.env.PATH, AIRLOCK_CGROUP: group };
  const child = spawn(process.execPath, argv, { stdio: 'ignore', env });
  while (!existsSync(socket)) await wait(10);
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    if (process.getuid?.() === 0)
      for (const { folder } of groupTrees()) removeGroup(folder + group);
  };
  return { socket, stop };
}

async function timed(start: () => { ended: Promise<{ exit: number | null }> }): Promise<number> {
  const began = performance.now();
  const { exit } = await start().ended;
  if (exit !== 0) throw new Error(`the program ended with ${exit}`);
  return performance.now() - began;
}

function quantile(times: number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number;
}

const ms = (value: number) => Math.round(value * 10) / 10;
const [bareMedian, runMedian] = [quantile(bare, 0.5), quantile(run, 0.5)];
const more = launched.map((time, round) => time - (run[round] as number));
const added = run.map((time, round) => time - (bare[round] as number));
console.log(
  JSON.stringify({
    ...{ bench: 'run', rounds, bareMs: ms(bareMedian), runMs: ms(runMedian) },
    ...{ addedMs: ms(quantile(added, 0.5)), addedLow: ms(quantile(added, 0.1)), limitMs: 60 },
  }),
);
console.log(
  `| run over bare | ${ms(bareMedian)} ms | ${ms(runMedian)} ms | + ${ms(quantile(added, 0.5))} ms |`,
);
const launchedMs = ms(quantile(launched, 0.5));
const moreMs = ms(quantile(more, 0.5));
console.log(JSON.stringify({ bench: 'run-launched', rounds, launchedMs, moreMs, limitMs: 15 }));
console.log(`| run by the launcher | ${ms(runMedian)} ms | ${launchedMs} ms | + ${moreMs} ms |`);
