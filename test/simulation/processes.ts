import type { RunEnding, RunSpec } from '../../supervisor/model/run.ts';
import type { Outcome, Step } from '../../supervisor/model/step.ts';
import type { Fault } from './content.ts';
import {
  faultyEnding,
  goodEnding,
  hostEnding,
  hostileEnding,
  idleEnding,
  stoppedEnding,
  upstreamEnding,
} from './endings.ts';
import type { World } from './world.ts';

/** A run as a process: dies with the supervisor that started it. */
export interface Process {
  spec: RunSpec;
  startedAt: number;
  fault: Fault | null;
  stopped: boolean;
  /** Ends it; the first end counts. */
  end: (ending: RunEnding) => void;
  /** Called once nothing of it is left. */
  after: (() => void)[];
}

type Settle = (outcome: Outcome) => void;

/** Start a run; its ending is written already, unless somebody stops it before. */
export function startProcess(world: World, spec: RunSpec, settle: Settle): void {
  const { agenda, disk, random, weather } = world;
  const folder = disk.releases.get(spec.release);
  const fault =
    folder?.changes.map((one) => afflicts(world, one.fault, spec)).find(Boolean) ?? null;
  const startedAt = agenda.now;
  const process: Process = { spec, startedAt, fault, stopped: false, end, after: [] };
  world.processes.set(spec.id, process);
  disk.traces.set(spec.id, startedAt);
  function end(ending: RunEnding): void {
    if (world.processes.get(spec.id) !== process) return;
    world.processes.delete(spec.id);
    world.oracle.ended(process, ending);
    settle({ of: 'ended', ending, at: world.wall });
    for (const one of process.after) one();
  }
  if (folder === undefined || (weather.full && random.chance(0.5))) {
    agenda.in(1, () => end(hostEnding()));
    return;
  }
  const ms = duration(world, fault, spec);
  agenda.in(ms, () => end(endingAt(world, process, ms)));
}

function afflicts(world: World, fault: Fault | null, spec: RunSpec): Fault | null {
  if (fault === null) return null;
  if (fault.agents !== null && !fault.agents.includes(spec.agent.name)) return null;
  if (fault.paths !== null && !fault.paths.includes(spec.path)) return null;
  return fault.chance === 1 || world.random.chance(fault.chance) ? fault : null;
}

function duration(world: World, fault: Fault | null, spec: RunSpec): number {
  if (fault?.how === 'hangs') return spec.wall;
  const usual = world.random.between(2_000, 9_000);
  return fault?.how === 'slow' ? usual * 5 + 5_000 : usual;
}

function endingAt(world: World, process: Process, ms: number): RunEnding {
  const { random, weather } = world;
  if (weather.outage && random.chance(0.8)) return upstreamEnding(ms);
  if (process.fault === null) return random.chance(weather.idle) ? idleEnding(ms) : goodEnding(ms);
  if (process.fault.how === 'fails' && random.chance(0.1)) return hostileEnding(random, ms);
  return faultyEnding(process.fault, ms, process.spec.wall);
}

/** Stop a run; done when nothing of it is left. Its own end is told before or after that. */
export function stopProcess(
  world: World,
  step: Step & { do: 'stop' },
  settle: (outcome: Outcome) => void,
): void {
  const process = world.processes.get(step.run);
  if (process === undefined) return settle({ of: 'done' });
  const { agenda } = world;
  process.after.push(() => agenda.in(world.random.between(0, 20), () => settle({ of: 'done' })));
  if (process.stopped) return;
  process.stopped = true;
  agenda.in(world.random.between(1, 2_000), () => {
    process.end(stoppedEnding(agenda.now - process.startedAt, step.why));
  });
}

/** As a daemon that stops does with what still runs when its patience is over. */
export function shutProcesses(world: World): void {
  for (const process of [...world.processes.values()]) {
    process.end(stoppedEnding(world.agenda.now - process.startedAt, 'shutdown'));
  }
}
