/**
 * Stands for the supervisor: does what it is asked on stdin with the product's own functions, as
 * whatever user it is started, and answers on stdout.
 */
import { existsSync, readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { buildChecks } from '../../../supervisor/act/gates/build.ts';
import {
  type RehearsalRoom,
  type Rehearsed,
  rehearse,
} from '../../../supervisor/act/gates/rehearse.ts';
import { smoke } from '../../../supervisor/act/gates/smoke.ts';
import { type OpenDoor, type RunPlace, startRun } from '../../../supervisor/act/run/run.ts';
import { openDoor } from '../../../supervisor/gateway/door.ts';
import { readyGroups } from '../../../supervisor/host/cgroup/ground.ts';
import { listFolder, readText } from '../../../supervisor/host/files/files.ts';
import { launcherAt } from '../../../supervisor/host/launcher/client.ts';
import { findPrograms } from '../../../supervisor/host/process/programs.ts';
import { type Confine, confine as confineHere } from '../../../supervisor/host/sandbox/confine.ts';
import { sharedIdentity } from '../../../supervisor/host/sandbox/identity.ts';
import { type Policy, policySchema } from '../../../supervisor/model/policy.ts';
import type { RunSpec } from '../../../supervisor/model/run.ts';
import { type Agent, agentSchema } from '../../../supervisor/model/runtime.ts';
import type { ScriptTurn } from '../../../supervisor/model/scenario.ts';
import type { TraceLine } from '../../../supervisor/model/trace.ts';
import type { DriverAnswer, DriverRequest, RunRequest } from './requests.ts';

let stage = 'asked';
// The test gave it up: where it stands.
process.once('SIGTERM', () => {
  process.stderr.write(`${stage}; open: ${process.getActiveResourcesInfo()}`, () =>
    process.exit(1),
  );
});
const request: DriverRequest = JSON.parse(await text(process.stdin));
const { base } = request;
const policy: Policy = policySchema.parse({
  runtime: { source: '.', include: ['app'], entry: ['node'] },
  smoke: { suite: 'smoke' },
  models: { cheap: [{ provider: 'rehearsal' }] },
});
const agent: Agent = agentSchema.parse({
  name: 'maker',
  schedule: { task: '* * * * *' },
  model: 'cheap',
});
const programs = { ...findPrograms(), ...request.programs };
const identity = sharedIdentity();
const ground = await readyGroups(request.cgroup, false);
const confine: Confine = request.launcher
  ? launcherAt(request.launcher, 500)
  : (spec, limits) => confineHere(spec, limits, ground);
const { memory, processes, cpu, workspace, inbox } = policy.limits.run;
const bounds = {
  ...{ memory, processes, cpu, workspace, inbox, reserve: policy.host.reserve },
  ...request.bounds,
};
const common = {
  bounds,
  ...{ confine, programs, identity, runs: `${base}/var/runs`, now: Date.now },
  halted: () => null,
};
const release = `${base}/releases/20261121T000000Z-0123456789`;
const deps = existsSync(`${base}/deps`) ? `${base}/deps` : null;

function doorWith(script: ScriptTurn[] | null): OpenDoor {
  return (run, socket, trace) =>
    openDoor({
      ...{ run, socket, trace, script, models: policy.models, usdLimit: null, now: Date.now },
      ...{ halted: () => null, deliver: () => null, limits: policy.limits },
      readKey: () => {
        throw new Error('there is no key');
      },
    });
}

async function doRun(run: RunRequest): Promise<NonNullable<DriverAnswer['run']>> {
  const trace: TraceLine[] = [];
  let left: string[] = [];
  const spec: RunSpec = {
    ...{ id: '20261121T000000Z-maker-task-1', agent, path: 'task', extra: false },
    ...{ release: release.split('/').at(-1) as string, kind: run.kind ?? 'service' },
    ...{ deployment: null, wall: run.wall ?? 30_000, policy: '' },
  };
  const place: RunPlace = {
    ...{ ...common, release, deps, entry: run.entry },
    openDoor: async (...at) => {
      stage = 'at the door';
      const door = await doorWith(run.script ?? null)(...at);
      // The first thing that happens once the run is said to have ended.
      const close = () => {
        stage = 'ended';
        left = markedProcesses();
        return door.close();
      };
      return { ...door, close };
    },
    workspace: `${base}/workspaces/maker`,
    inbox: `${base}/inbox/maker`,
    receipts: `${base}/receipts/maker`,
    limits: { output: run.output ?? 1 << 20, flood: run.flood ?? 1 << 26 },
    halted: () => (run.halted ? { scope: 'host', target: null, reason: '', by: '', at: '' } : null),
    trace: (line) => {
      if (run.traceFails && line.what === 'output') throw new Error('ENOSPC');
      trace.push(line);
    },
  };
  const started = startRun(spec, place);
  stage = 'started';
  if (run.stop?.when === 'at once') started.stop(run.stop.why);
  if (run.stop?.when === 'ready') {
    while (!existsSync(`${place.workspace}/ready`)) await wait(2);
    started.stop(run.stop.why);
    started.stop('operator');
  }
  return { ending: await started.ended, trace, left };
}

/** Processes with the marker among their arguments, as the host sees them. */
function markedProcesses(): string[] {
  const marker = process.env.MARKER ?? 'none';
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => (readText(`/proc/${pid}/cmdline`) ?? '').includes(marker));
}

let runs = 0;
const room: RehearsalRoom = {
  ...{ ...common, model: null, parallel: 2, deployment: null, policy: '' },
  limits: { output: 1 << 20, flood: 1 << 26 },
  identityOf: () => identity,
  nextId: (name, path) => `20261121T000000Z-${name}-${path}-${++runs}`,
  traceOf: () => () => undefined,
  openDoor: (answers, ...door) => doorWith('script' in answers ? answers.script : null)(...door),
};
const rehearsed = (entry: string[]): Rehearsed => ({
  ...{ id: release.split('/').at(-1) as string, folder: release, deps, agents: [agent], entry },
});

const answer: DriverAnswer = { places: [] };
if (request.run) answer.run = await doRun(request.run);
if (request.rehearse) {
  const { suite, within = 60_000, entry } = request.rehearse;
  const scenarios = { from: 'suite' as const, scenarios: suite, within, usd: 0 };
  answer.rehearse = await rehearse(rehearsed(entry), scenarios, room);
}
if (request.smoke) {
  const { suite, own, within = 60_000, entry } = request.smoke;
  answer.smoke = await smoke({
    ...{ candidate: rehearsed(entry), current: rehearsed(entry), faults: [], room },
    ...{ suiteDigest: 'suite', proven: null },
    suite: { from: 'suite', scenarios: suite, within, usd: 0 },
    own: own ? { from: 'release', scenarios: own, within, usd: 0 } : null,
  });
}
if (request.build) {
  answer.build = await buildChecks({
    ...{ confine, bounds, programs, identity, release, deps, runs: common.runs },
    tools: existsSync(`${base}/tools`) ? `${base}/tools` : null,
    checks: request.build.checks,
    within: request.build.within ?? 30_000,
    limits: { output: 1 << 20, flood: 1 << 26 },
  });
}
answer.places = listFolder(common.runs);
// What is said is said: whatever is still open is told, and keeps nobody waiting.
process.stdout.write(JSON.stringify(answer));
setTimeout(() => {
  process.stderr.write(`still open: ${process.getActiveResourcesInfo()}`, () => process.exit());
}, 15_000).unref();
