import { createConnection, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { RunJob } from '../../model/job.ts';
import { Failure, type Reason, reason } from '../../model/reason.ts';
import { errorCode } from '../files/files.ts';
import type { Probe } from '../path/probe.ts';
import type { Success } from '../path/try.ts';
import type { StopWhy } from '../process/process.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';
import {
  type Confine,
  type Confined,
  type ConfinedEnding,
  type Limits,
  treeGone,
} from '../sandbox/confine.ts';
import type { SandboxSpec } from '../sandbox/sandbox.ts';
import { line } from './line.ts';
import { type Event, longestAnswer } from './protocol.ts';

/** How long a launcher that is not there is waited for, milliseconds: it is being restarted. */
const patience = 10_000;
/** Beyond a run's wall clock: then the launcher is taken for hung. */
const overdue = 30_000;

/** Runs through the launcher behind a socket; like `confine`, but somebody else does it. */
export function launcherAt(socket: string, patient = patience): Confine {
  return (spec, limits) => throughLauncher(socket, patient, spec, limits);
}

function throughLauncher(
  socket: string,
  patient: number,
  spec: SandboxSpec,
  limits: Limits,
): Confined {
  const began = performance.now();
  let stopped: StopWhy | null = null;
  let send: ((why: StopWhy) => void) | null = null;
  let tellFirst: (first: ProcessIdentity | null) => void = () => undefined;
  const first = new Promise<ProcessIdentity | null>((resolve) => {
    tellFirst = resolve;
  });
  const conduct = async (): Promise<ConfinedEnding> => {
    const lost = (why: Reason): ConfinedEnding => ({
      ...{
        exit: null,
        signal: null,
        stdoutTail: '',
        stderrTail: '',
        bytes: 0,
        fault: null,
        left: 0,
      },
      ...{ durationMs: Math.round(performance.now() - began), stoppedBy: stopped },
      setup: stopped === null ? why : null,
    });
    const connection = await connect(socket, patient, () => stopped !== null);
    if (!('write' in connection)) return lost(connection);
    const told = await converse(connection, spec, limits, {
      first: tellFirst,
      stoppable: (to) => {
        send = to;
        if (stopped !== null) to(stopped);
      },
    });
    tellFirst(null);
    if (!('code' in told)) return told;
    // Whoever launched it is gone: the sandbox dies with it, and that is waited for.
    await treeGone(await first);
    return lost(told);
  };
  return {
    first,
    ended: conduct(),
    stop(why) {
      if (stopped !== null) return;
      stopped = why;
      send?.(why);
    },
  };
}

/** A connection, or why there is none. */
async function connect(
  socket: string,
  patient: number,
  over: () => boolean,
): Promise<Socket | Reason> {
  const until = performance.now() + patient;
  for (let pause = 10; ; pause = Math.min(pause * 2, 500)) {
    try {
      return await connected(socket);
    } catch (error) {
      if (over() || performance.now() + pause > until) return unreachable(socket, error);
      await wait(pause);
    }
  }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

interface Told {
  first(first: ProcessIdentity): void;
  stoppable(send: (why: StopWhy) => void): void;
}

/** The run's ending as the launcher tells it; a reason where it was refused or never told. */
function converse(
  socket: Socket,
  spec: SandboxSpec,
  limits: Limits,
  told: Told,
): Promise<ConfinedEnding | Reason> {
  return new Promise((resolve) => {
    const late = setTimeout(() => socket.destroy(), Math.min(limits.wall + overdue, 2 ** 31 - 1));
    const settle = (result: ConfinedEnding | Reason) => {
      clearTimeout(late);
      resolve(result);
      socket.destroy();
    };
    const to = line(socket, longestAnswer, (document) => {
      if (document === null) return settle(gone());
      const event = document as Event;
      if (event.event === 'output') limits.onOutput?.(event.stream, event.text);
      else if (event.event === 'first') told.first(event.first);
      else if (event.event === 'refused') settle(event.reason);
      else if (event.event === 'ended') {
        const { fault, ...ending } = event.ending;
        settle({ ...ending, fault: fault === null ? null : new Error(fault) });
      }
    });
    to.tell(jobOf(spec, limits));
    told.stoppable((why) => to.tell({ stop: why }));
  });
}

function jobOf(spec: SandboxSpec, limits: Limits): RunJob {
  const { programs: _, identity, ...rest } = spec;
  const { kept, flood, wall, bounds = null } = limits;
  const user = identity.root ? { uid: identity.uid, gid: identity.gid } : null;
  return { job: 'run', user, ...rest, limits: { kept, flood, wall: Math.ceil(wall), bounds } };
}

function unreachable(socket: string, error: unknown): Reason {
  const message = 'the launcher cannot be reached: no run can start';
  const parts = { message, step: 'launcher', input: socket };
  return reason('launcher-lost', { ...parts, cause: errorCode(error) ?? `${error}` });
}

function gone(): Reason {
  const message = 'the launcher went away, and the run with it';
  return reason('launcher-lost', { message, step: 'run', expected: 'an ending told by it' });
}

/** Ask for a short job and get its result; throws the Failure that the launcher tells. */
export async function askLauncher(
  socket: string,
  job: unknown,
  patient = patience,
): Promise<unknown> {
  const connection = await connect(socket, patient, () => false);
  if (!('write' in connection)) throw new Failure(connection.code, connection);
  return new Promise((resolve, reject) => {
    const fail = (why: Reason) => reject(new Failure(why.code, why));
    const to = line(connection, longestAnswer, (document) => {
      const event = document as Event | null;
      if (event === null) return fail(gone());
      if (event.event === 'refused') fail(event.reason);
      else if (event.event === 'done') resolve(event.result);
      if (event.event === 'refused' || event.event === 'done') connection.destroy();
    });
    to.tell(job);
  });
}

/** Tries through the launcher: the supervisor of a host install is nobody's other user. */
export function probeAt(socket: string): Probe {
  return async ({ users, targets }) => {
    const asked = users.map(({ name, uid }) => ({ name, uid }));
    return (await askLauncher(socket, { job: 'probe', users: asked, targets })) as Success[];
  };
}

/** Users of agents through the launcher; it makes those that are missing. */
export async function askForUser(socket: string, owner: string): Promise<void> {
  await askLauncher(socket, { job: 'user', owner });
}
