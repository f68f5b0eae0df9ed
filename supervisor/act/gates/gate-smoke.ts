import { cpus } from 'node:os';
import { join } from 'node:path';
import { stamp } from '../../model/duration.ts';
import type { Upstream } from '../../model/policy.ts';
import { reason } from '../../model/reason.ts';
import type { ReleaseId } from '../../model/release.ts';
import { host } from '../../model/state.ts';
import type { SmokeFacts, Step } from '../../model/step.ts';
import { policyPath } from '../../store/policy.ts';
import { readRuntimeConfig } from '../../store/runtime-config.ts';
import { haltFor } from '../../store/switches.ts';
import { openTrace } from '../../store/traces.ts';
import { boundsOf, depsOf, openWith } from '../run/places.ts';
import { hashOf } from '../stage/manifest.ts';
import type { World } from '../world.ts';
import type { RehearsalRoom, Rehearsed, Suite } from './rehearse.ts';
import { smoke } from './smoke.ts';
import { readSuite } from './suite.ts';

/** The smoke gate's effect: the suite on `current`, on a broken release and on the candidate. */
export async function gateSmoke(
  world: World,
  step: Step & { do: 'smoke' },
  signal: AbortSignal,
): Promise<SmokeFacts> {
  const { policy } = world.policy();
  const traces = new Map<string, ReturnType<typeof openTrace>>();
  const read = readSuite(policyPath(world.policy(), policy.smoke.suite));
  const brought = readSuite(join(world.layout.release(step.release), 'app', 'smoke'));
  const { within, usd } = policy.smoke;
  const suite: Suite = { from: 'suite', scenarios: read.scenarios, within, usd };
  const { releaseScenarios, releaseScenariosUsd } = policy.limits;
  const own: Suite = {
    from: 'release',
    scenarios: brought.scenarios,
    within: releaseScenarios,
    usd: releaseScenariosUsd,
  };
  const candidate = rehearsed(world, step.release);
  const current = step.current === null ? null : rehearsed(world, step.current);
  const agents = [candidate, current].flatMap((one) => one?.agents ?? []);
  await world.identities.ready(agents.map(({ name }) => name));
  const facts = await smoke({
    ...{ candidate, current },
    suite,
    own: own.scenarios.length === 0 ? null : own,
    faults: read.faults,
    suiteDigest: hashOf(Buffer.from(JSON.stringify(read.scenarios))),
    proven: step.proven,
    room: { ...roomOf(world, step, traces), signal },
  });
  for (const trace of traces.values()) trace.close();
  return { ...facts, faults: [...facts.faults, ...unreadable(brought.faults)] };
}

/** A scenario of the release's own that cannot be read is the release's fault, and named so. */
const unreadable = (faults: SmokeFacts['faults']) =>
  faults.map((one) => reason('gate-error', { ...one, message: `app/smoke: ${one.message}` }));

function rehearsed(world: World, id: ReleaseId): Rehearsed {
  const folder = world.layout.release(id);
  const { agents } = readRuntimeConfig(world.layout, id);
  const { entry } = world.policy().policy.runtime;
  return { id, folder, deps: depsOf(world, id), agents: agents ?? [], entry };
}

function roomOf(
  world: World,
  step: Step & { do: 'smoke' },
  traces: Map<string, ReturnType<typeof openTrace>>,
): RehearsalRoom {
  const { layout, programs, confine, now } = world;
  const { policy, digest } = world.policy();
  // A rehearsal is the supervisor's own doing: only a host that is halted stops it.
  const halted = () => haltFor(layout, {});
  return {
    ...{ programs, confine },
    identityOf: world.identities.of,
    runs: layout.runs,
    limits: policy.limits.run,
    bounds: boundsOf(policy),
    halted,
    now,
    model: policy.smoke.model === 'rehearsal' ? null : policy.smoke.model,
    parallel: cpus().length,
    deployment: step.proposal,
    policy: digest,
    nextId: (agent, path) => `${stamp(now())}-${agent}-${path}-${rehearsalNumber(world)}`,
    traceOf: (run) => {
      const trace = openTrace(layout.trace(run), policy.limits.run.trace);
      traces.set(run, trace);
      return (line) => trace.write(line);
    },
    openDoor: (answers, run, socket, trace) =>
      openWith(world, {
        ...{ run, socket, trace, halted },
        // The named model answers, whatever name the runtime asks for.
        models: 'model' in answers ? only(policy.models, answers.model) : policy.models,
        script: 'script' in answers ? answers.script : null,
        shared: 'purse' in answers ? [answers.purse] : [],
      }),
  };
}

/** Shaped like every run's number, so that it gives no sign; and one that no other run got. */
function rehearsalNumber(world: World): string {
  const { counter } = host(world.state());
  return `${counter}${world.nextNumber().toString().padStart(4, '0')}`;
}

function only(models: Record<string, Upstream[]>, name: string): Record<string, Upstream[]> {
  const upstreams = models[name];
  return upstreams === undefined ? {} : { [name]: upstreams };
}
