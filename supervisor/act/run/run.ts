import { doorEnvironment } from '../../gateway/environment.ts';
import type { StopWhy } from '../../host/process/process.ts';
import type { Programs } from '../../host/process/programs.ts';
import { GATEWAY_PORT } from '../../host/sandbox/bridge.ts';
import type { Confine, Confined, ConfinedEnding } from '../../host/sandbox/confine.ts';
import type { Identity } from '../../host/sandbox/identity.ts';
import { heldBy } from '../../host/sandbox/measure.ts';
import { leftOut } from '../../host/sandbox/output.ts';
import {
  makePlace,
  type RunFolders,
  readyFolders,
  removePlace,
  socketIn,
} from '../../host/sandbox/places.ts';
import { redacted, type SecretStream, secretStream, withoutRest } from '../../host/secrets.ts';
import { instant } from '../../model/duration.ts';
import type { Halt } from '../../model/halt.ts';
import type { Bounds } from '../../model/job.ts';
import type { Policy } from '../../model/policy.ts';
import { type Reason, reasonOf } from '../../model/reason.ts';
import { type DoorSummary, leftWords, type RunEnding, type RunSpec } from '../../model/run.ts';
import type { TraceLine } from '../../model/trace.ts';

/** The gateway's door of one run, as a run needs it (`gateway/door.ts`). */
export interface RunDoor {
  /** The run's key of every API; worth nothing elsewhere. */
  token: string;
  summary(): DoorSummary;
  close(): Promise<void>;
}

/** Opens the door on this unix socket. What it lets through was settled by the caller. */
export type OpenDoor = (
  run: RunSpec,
  socket: string,
  trace: (line: TraceLine) => void,
) => Promise<RunDoor>;

/** Where and with what a run happens: everything resolved, nothing is looked up later. */
export interface RunPlace extends RunFolders {
  confine: Confine;
  programs: Programs;
  identity: Identity;
  /** The release's folder, absolute, never through `current`. */
  release: string;
  /** The folder of its installed dependencies; null when it has none. */
  deps: string | null;
  /** Folder of the sockets and temporary folders of runs (`ROOT/var/runs`). */
  runs: string;
  /** Policy `runtime.entry`. */
  entry: string[];
  limits: Pick<Policy['limits']['run'], 'output' | 'flood'>;
  bounds: Bounds;
  openDoor: OpenDoor;
  /** Reads the switches afresh: a run that is halted does not start. */
  halted: () => Halt | null;
  trace: (line: TraceLine) => void;
  now: () => number;
}

export interface StartedRun {
  /** Never rejects; settles once, when nothing of the run is left. */
  ended: Promise<RunEnding>;
  /** Ends it with all its processes; the first reason counts. */
  stop(why: Exclude<StopWhy, 'output'>): void;
}

/** Start a run. It may not have begun yet when this returns; a stop reaches it all the same. */
export function startRun(spec: RunSpec, place: RunPlace): StartedRun {
  let stopped: StopWhy | null = null;
  let confined: Confined | null = null;
  const begin = (start: () => Confined): Confined | null => {
    if (stopped === null && place.halted() !== null) stopped = 'halt';
    confined = stopped === null ? start() : null;
    return confined;
  };
  const ended = conduct(spec, place, begin).then((ending) =>
    stopped === null ? ending : { ...ending, stoppedBy: ending.stoppedBy ?? stopped },
  );
  const stop = (why: StopWhy) => {
    if (confined === null) stopped ??= why;
    else confined.stop(why);
  };
  return { ended, stop };
}

type Begin = (start: () => Confined) => Confined | null;

/** Private folder, door, sandbox; then all of it away again, in the opposite order. */
async function conduct(spec: RunSpec, place: RunPlace, begin: Begin): Promise<RunEnding> {
  let folder: string | null = null;
  let door: RunDoor | null = null;
  let ending: RunEnding;
  try {
    folder = await makePlace(place.runs);
    await readyFolders(place, place.identity);
    const socket = socketIn(folder);
    const opened = await place.openDoor(spec, socket, place.trace);
    door = opened;
    const bounds = await boundsOf(place);
    const traced = tracing(place);
    const at = { socket, token: opened.token };
    const confined = begin(() => launchRun(spec, { ...place, bounds }, at, traced.trace));
    const result = confined === null ? null : await confined.ended;
    ending = endingOf(result, opened.summary());
    ending.hostFault ??= traced.fault();
    if (ending.left) note(place, leftWords(ending.left));
  } catch (error) {
    ending = faultEnding(reasonOf(error, 'start the run'), door?.summary() ?? null);
  }
  const left = await tidy(door, folder);
  if (left !== null) {
    note(place, `left behind: ${left.message} (${left.cause ?? ''})`);
  }
  return ending;
}

const note = (place: RunPlace, text: string) =>
  tracing(place).trace({ at: instant(place.now()), what: 'note', text });

/**
 * A run that finds its folders fuller than they may be may make room, but take no more: what it
 * finds is measured before it begins, or what it writes first would pass for what was there.
 */
async function boundsOf({ bounds, workspace, inbox }: RunPlace): Promise<Bounds> {
  const found = await heldBy([workspace, inbox], 'bytes');
  return { ...bounds, workspace: Math.max(bounds.workspace, found ?? 0) };
}

function launchRun(
  spec: RunSpec,
  place: RunPlace,
  door: { socket: string; token: string },
  trace: RunPlace['trace'],
): Confined {
  const { programs, identity, workspace, inbox, receipts, limits } = place;
  const pieces = { stdout: secretStream(), stderr: secretStream() };
  const told = (stream: 'stdout' | 'stderr', text: string) => {
    if (text !== '') trace({ at: instant(place.now()), what: 'output', stream, text });
  };
  const confined = place.confine(
    {
      ...{ programs, identity, workspace, inbox, receipts },
      ...{ runtime: place.release, runtimeWritable: false, deps: place.deps, tools: null },
      gateway: door.socket,
      environment: runEnvironment(spec, door.token),
      command: place.entry,
    },
    {
      ...{ kept: limits.output, flood: limits.flood, wall: spec.wall, bounds: place.bounds },
      onOutput: (stream, text) => told(stream, whatMayBeTold(pieces[stream], text)),
    },
  );
  const ended = confined.ended.then((ending) => {
    for (const stream of ['stdout', 'stderr'] as const) told(stream, pieces[stream].end());
    return ending;
  });
  return { ...confined, ended };
}

/** Neither side of what was left out may show a half of a secret that stood there. */
function whatMayBeTold(pieces: SecretStream, text: string): string {
  const gap = leftOut.exec(text);
  if (gap === null) return pieces.push(text);
  const before = pieces.push(text.slice(0, gap.index)) + pieces.gap();
  const after = withoutRest(text.slice(gap.index + gap[0].length));
  return before + gap[0] + pieces.push(after);
}

/** What a run prints comes in an event, where nobody could catch a disk that is full. */
function tracing(place: RunPlace) {
  let fault: Reason | null = null;
  const trace = (line: TraceLine) => {
    if (fault !== null) return;
    try {
      place.trace(line);
    } catch (error) {
      fault = reasonOf(error, 'trace the run');
    }
  };
  return { trace, fault: () => fault };
}

/** The contract's environment of a run (section 5): the same names in every kind of run. */
export function runEnvironment(spec: RunSpec, token: string): Record<string, string> {
  return {
    AIRLOCK_AGENT: spec.agent.name,
    AIRLOCK_PATH: spec.path,
    AIRLOCK_RUN: spec.id,
    AIRLOCK_RELEASE: spec.release,
    AIRLOCK_WORKSPACE: '/workspace',
    AIRLOCK_INBOX: '/inbox',
    AIRLOCK_RECEIPTS: '/receipts',
    ...doorEnvironment(token, GATEWAY_PORT),
  };
}

const stderrKept = 64 * 1024;

function endingOf(result: ConfinedEnding | null, door: DoorSummary): RunEnding {
  return {
    exit: result?.exit ?? null,
    signal: result?.signal ?? null,
    stoppedBy: result?.stoppedBy ?? null,
    hostFault: result?.setup ?? null,
    durationMs: result?.durationMs ?? 0,
    ...(result?.left ? { left: result.left } : {}),
    stderrTail: Buffer.from(withoutRest(redacted(result?.stderrTail ?? '')))
      .subarray(-stderrKept)
      .toString('utf8'),
    door,
  };
}

/** The ending of a rehearsal that the release itself made impossible: counts against it. */
export function impossibleEnding(why: string): RunEnding {
  return { ...endingOf(null, unopened), door: { ...unopened, scriptFaults: [why] } };
}

/** The ending of a run that never began for a fault of the host. */
export function faultEnding(hostFault: Reason, door: DoorSummary | null = null): RunEnding {
  return { ...endingOf(null, door ?? unopened), hostFault };
}

/** What a door that was never opened saw. */
const unopened: DoorSummary = {
  steps: 0,
  usd: 0,
  tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  turns: { begun: 0, ended: 0 },
  calls: [],
  errors: [],
  lastFailure: null,
  scriptFaults: [],
  rehearsed: false,
};

/** What could not be put away is no fault of the run: it is told, and swept at the next start. */
async function tidy(door: RunDoor | null, folder: string | null): Promise<Reason | null> {
  try {
    await door?.close();
    if (folder !== null) await removePlace(folder);
    return null;
  } catch (error) {
    return reasonOf(error, 'put the run away');
  }
}
