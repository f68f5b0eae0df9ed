import { openPurse, type Purse } from '../../gateway/purse.ts';
import type { Identity } from '../../host/sandbox/identity.ts';
import { lookAt, makePlace, makeWorld, removePlace } from '../../host/sandbox/places.ts';
import { type Reason, reason, reasonOf } from '../../model/reason.ts';
import type { ReleaseId } from '../../model/release.ts';
import type { RunEnding, RunSpec } from '../../model/run.ts';
import type { Agent, RunPath } from '../../model/runtime.ts';
import type { Rehearsal, Scenario, ScriptTurn } from '../../model/scenario.ts';
import {
  faultEnding,
  impossibleEnding,
  type OpenDoor,
  type RunDoor,
  type RunPlace,
  startRun,
} from '../run/run.ts';
import { stoppable } from './stoppable.ts';

/** A release as it is rehearsed. */
export interface Rehearsed {
  id: ReleaseId;
  /** Absolute folder. */
  folder: string;
  deps: string | null;
  /** Of its own configuration. */
  agents: Agent[];
  entry: string[];
}

/** Scenarios with the time and money that they share. */
export interface Suite {
  from: Rehearsal['from'];
  scenarios: Scenario[];
  /** Milliseconds, all together. */
  within: number;
  /** All together; matters only with a named model. */
  usd: number;
}

/** Who answers a rehearsed run: the scenario's script, or a model of the policy. */
export type Answers =
  | { script: ScriptTurn[] }
  /** The one model there is, whatever the runtime asks for. */
  | { model: string; purse: Purse };

/** Where and with what a suite is rehearsed. */
export interface RehearsalRoom
  extends Pick<RunPlace, 'confine' | 'programs' | 'runs' | 'limits' | 'bounds' | 'halted' | 'now'> {
  identityOf: (agent: string) => Identity;
  /** null: the scenarios' scripts; else a name of the policy's models. */
  model: string | null;
  /** Runs at once. */
  parallel: number;
  /** The proposal it is for; null for a host's first release. */
  deployment: string | null;
  policy: string;
  /** Ends what is under way and begins nothing more: what was found then counts for nothing. */
  signal?: AbortSignal;
  nextId: (agent: string, path: RunPath) => string;
  traceOf: (run: string) => RunPlace['trace'];
  openDoor: (answers: Answers, ...door: Parameters<OpenDoor>) => Promise<RunDoor>;
}

/**
 * Every scenario, each in a temporary workspace of its own, in the order of the suite; all of
 * them, whatever fails. What did not get to run says so in its `hostFault` (`gate-error`).
 * Facts only: whether a scenario went well is judged elsewhere. Never rejects.
 */
export async function rehearse(
  what: Rehearsed,
  suite: Suite,
  room: RehearsalRoom,
): Promise<Rehearsal[]> {
  const deadline = performance.now() + suite.within;
  const purse = openPurse(suite.usd);
  const found: Rehearsal[] = [];
  const waiting = suite.scenarios.entries();
  const worker = async () => {
    for (const [at, scenario] of waiting) {
      if (room.signal?.aborted) return;
      const one = await rehearseOne(what, scenario, { ...room, purse, deadline });
      found[at] = { ...one, from: suite.from };
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, room.parallel) }, worker));
  return found.filter(Boolean);
}

type Bounds = { purse: Purse; deadline: number };

async function rehearseOne(
  what: Rehearsed,
  scenario: Scenario,
  room: RehearsalRoom & Bounds,
): Promise<Omit<Rehearsal, 'from'>> {
  const agent = agentFor(what.agents, scenario);
  const nothing = { scenario, agent: agent?.name ?? scenario.agent ?? '', files: {} };
  if (agent === null) return { ...nothing, ending: impossibleEnding(noAgent(scenario)) };
  if (room.deadline <= performance.now())
    return { ...nothing, ending: faultEnding(noTime(scenario)) };
  try {
    const place = await makePlace(room.runs);
    const rehearsed = await inWorld(place, what, scenario, agent, room);
    await removePlace(place);
    return rehearsed;
  } catch (error) {
    // A place that is left behind is swept at the next start.
    return { ...nothing, ending: faultEnding(reasonOf(error, 'rehearse a scenario')) };
  }
}

async function inWorld(
  place: string,
  what: Rehearsed,
  scenario: Scenario,
  agent: Agent,
  room: RehearsalRoom & Bounds,
): Promise<Omit<Rehearsal, 'from'>> {
  const folders = await makeWorld(place, agent.name, scenario.workspace);
  const left = Math.ceil(room.deadline - performance.now());
  const wall = Math.max(1, Math.min(scenario.expect.within, left));
  const spec = specOf(what, scenario, agent, wall, room);
  const { confine, programs, identityOf, runs, limits, bounds, halted, now } = room;
  // As in service: a run cannot tell by who it is that this is a rehearsal.
  const identity = identityOf(agent.name);
  const started = startRun(spec, {
    ...{ confine, programs, identity, runs, limits, bounds, halted, now, ...folders },
    ...{ release: what.folder, deps: what.deps, entry: what.entry },
    trace: room.traceOf(spec.id),
    openDoor: (...door) => room.openDoor(answersOf(scenario, room), ...door),
  });
  const ending = await stoppable(started, room.signal);
  const cut = cutShort(ending, scenario, wall);
  return {
    scenario,
    agent: agent.name,
    ending: cut === null ? ending : { ...ending, hostFault: ending.hostFault ?? cut },
    files: await lookAt(folders.workspace, scenario.expect.files),
  };
}

function specOf(
  what: Rehearsed,
  scenario: Scenario,
  agent: Agent,
  wall: number,
  room: RehearsalRoom,
): RunSpec {
  return {
    id: room.nextId(agent.name, scenario.path),
    agent: room.model === null ? agent : { ...agent, model: room.model },
    path: scenario.path,
    release: what.id,
    kind: 'smoke',
    deployment: room.deployment,
    extra: false,
    wall,
    policy: room.policy,
  };
}

function answersOf(scenario: Scenario, room: RehearsalRoom & Bounds): Answers {
  if (room.model === null) return { script: scenario.model };
  return { model: room.model, purse: room.purse };
}

/** The one that the scenario names, else the first that has its path. */
function agentFor(agents: Agent[], scenario: Scenario): Agent | null {
  const fits = ({ name, schedule }: Agent) =>
    scenario.agent === undefined ? schedule[scenario.path] !== undefined : name === scenario.agent;
  return agents.find(fits) ?? null;
}

function noAgent(scenario: Scenario): string {
  const who = scenario.agent ?? `that has the path ${scenario.path}`;
  return `config/agents.yaml has no agent ${who}`;
}

/** Cut short by the suite's time, not by its own: it shows nothing. */
function cutShort(ending: RunEnding, scenario: Scenario, wall: number): Reason | null {
  const cut = ending.stoppedBy === 'timeout' && wall < scenario.expect.within;
  return cut ? noTime(scenario) : null;
}

function noTime(scenario: Scenario): Reason {
  return reason('gate-error', {
    message: `${scenario.name}: not run to its end, the time of the suite was up`,
    step: 'gate smoke',
    input: scenario.name,
    expected: 'all scenarios done within policy smoke.within',
  });
}
