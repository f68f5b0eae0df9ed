import { join } from 'node:path';
import { openDoor as openGatewayDoor } from '../../gateway/door.ts';
import type { Purse } from '../../gateway/purse.ts';
import { readSecret } from '../../host/secrets.ts';
import type { Bounds } from '../../model/job.ts';
import type { Policy, Upstream } from '../../model/policy.ts';
import type { RunSpec } from '../../model/run.ts';
import type { ScriptTurn } from '../../model/scenario.ts';
import { haltFor } from '../../store/switches.ts';
import { openTrace, type Trace } from '../../store/traces.ts';
import type { World } from '../world.ts';
import { deliver } from './deliver.ts';
import type { OpenDoor, RunPlace } from './run.ts';

/** Everything that a service, canary or confirm run happens in and with, resolved. */
export function placeOf(world: World, spec: RunSpec): RunPlace & { closeTrace: () => void } {
  const { layout, programs, confine, now } = world;
  const { policy } = world.policy();
  const trace = openTrace(layout.trace(spec.id), policy.limits.run.trace);
  return {
    ...{ programs, confine },
    identity: world.identities.of(spec.agent.name),
    release: layout.release(spec.release),
    deps: depsOf(world, spec.release),
    runs: layout.runs,
    entry: policy.runtime.entry,
    limits: policy.limits.run,
    bounds: boundsOf(policy),
    workspace: layout.workspace(spec.agent.name),
    inbox: layout.inbox(spec.agent.name),
    receipts: layout.receipts(spec.agent.name),
    openDoor: serviceDoor(world),
    halted: haltOf(world, spec),
    ...traced(trace),
    now,
  };
}

/** What any run may take of the host; rehearsals get no sign that they are some. */
export function boundsOf({ limits, host }: Policy): Bounds {
  const { memory, processes, cpu, workspace, inbox } = limits.run;
  return { memory, processes, cpu, workspace, inbox, reserve: host.reserve };
}

/** The folder of a release's dependencies; null when it has none. */
export function depsOf(world: World, release: string): string | null {
  const lock = world.state().releases.get(release)?.deps ?? null;
  return lock === null ? null : join(world.layout.deps, lock);
}

/** The trace as the run writes it; it is closed when the run has ended. */
function traced(trace: Trace): { trace: RunPlace['trace']; closeTrace: () => void } {
  return { trace: (line) => trace.write(line), closeTrace: () => trace.close() };
}

/** Read afresh before every effect: never cached (architecture, section 5). */
export function haltOf(world: World, spec: RunSpec): RunPlace['halted'] {
  const { name, tenant } = spec.agent;
  return () => haltFor(world.layout, { agent: name, tenant, run: spec.id });
}

/** Doors to the models of the policy. */
function serviceDoor(world: World): OpenDoor {
  const { models } = world.policy().policy;
  return (run, socket, trace) => {
    const halted = haltOf(world, run);
    return openWith(world, { run, socket, trace, script: null, shared: [], models, halted });
  };
}

export interface DoorWish {
  run: RunSpec;
  socket: string;
  trace: Parameters<OpenDoor>[2];
  script: ScriptTurn[] | null;
  shared: Purse[];
  /** Names that the run may use, with who answers them. */
  models: Record<string, Upstream[]>;
  halted: RunPlace['halted'];
}

export function openWith(world: World, wish: DoorWish) {
  const { policy } = world.policy();
  return openGatewayDoor({
    ...wish,
    usdLimit: null,
    deliver: (mail) => (wish.run.kind === 'smoke' ? null : deliver(world, mail)),
    readKey: (keyFile) =>
      readSecret({ keyFile, folder: world.policy().folder, strict: world.hostInstall }),
    limits: policy.limits,
    now: world.now,
  });
}
