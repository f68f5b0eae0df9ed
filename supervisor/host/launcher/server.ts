import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type Job, jobSchema, stopSchema } from '../../model/job.ts';
import type { Offers } from '../../model/offers.ts';
import { Failure, reasonOf } from '../../model/reason.ts';
import type { StopWhy } from '../process/process.ts';
import type { Confine } from '../sandbox/confine.ts';
import { type Bench, handlers } from './jobs.ts';
import { type Line, line } from './line.ts';
import type { Premises } from './premises.ts';
import { type Event, longestRequest } from './protocol.ts';

/**
 * The launcher: the one process of a host install that may make sandboxes. Invariants:
 * - one job a connection; a connection that closes, for whatever reason, stops its job;
 * - a run is said to have ended when nothing of it is left, and not before;
 * - what is held for a peer that does not read is bounded by what a run's output is kept to.
 */
export interface Launcher {
  /** Stops every job and resolves when nothing of them is left. */
  close(): Promise<void>;
}

export interface LauncherOptions {
  socket: string;
  premises: Premises;
  confine: Confine;
  offers: Offers;
}

/** Jobs at once: far more than a supervisor starts, few enough to live through. */
const mostJobs = 256;

export async function openLauncher(options: LauncherOptions): Promise<Launcher> {
  const jobs = new Set<Underway>();
  const server = createServer((socket) => {
    const job = serve(socket, options, jobs.size < mostJobs);
    jobs.add(job);
    void job.ended.then(() => jobs.delete(job));
  });
  await listen(server, options);
  return {
    async close() {
      server.close();
      for (const job of jobs) job.stop('shutdown');
      await Promise.all([...jobs].map((job) => job.ended));
    },
  };
}

interface Underway {
  ended: Promise<void>;
  stop(why: StopWhy): void;
}

function serve(socket: Socket, options: LauncherOptions, room: boolean): Underway {
  let stop: ((why: StopWhy) => void) | null = null;
  let stopped: StopWhy | null = null;
  let settle: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let begun = false;
  const halt = (why: StopWhy) => {
    stopped ??= why;
    stop?.(why);
    // Nothing was asked of it: there is nothing to wait for.
    if (!begun) settle();
    if (!begun) socket.destroy();
  };
  const bench = (to: Line): Bench => ({
    ...{ premises: options.premises, confine: options.confine, offers: options.offers },
    tell: (event) => to.tell(event),
    onStop: (act) => {
      stop = act;
      if (stopped !== null) act(stopped);
    },
  });
  const to = line(socket, longestRequest, (document) => {
    if (document === null) return halt('shutdown');
    if (begun) return stopping(document, halt, to);
    begun = true;
    void perform(document, bench(to), room).then((last) => {
      to.end(last);
      settle();
    });
  });
  return { ended, stop: halt };
}

/** Never rejects. */
async function perform(document: unknown, bench: Bench, room: boolean): Promise<Event> {
  try {
    if (!room) throw full();
    const job = understood(document);
    return await (handlers[job.job] as (job: Job, bench: Bench) => Promise<Event>)(job, bench);
  } catch (error) {
    return { event: 'refused', reason: reasonOf(error, 'launcher') };
  }
}

function understood(document: unknown): Job {
  const read = jobSchema.safeParse(document);
  if (read.success) return read.data;
  const faults = read.error.issues.map((one) => `${one.path.join('.')}: ${one.message}`);
  const parts = { step: 'launcher', expected: 'a job of its protocol', actual: faults.join('; ') };
  throw new Failure('launcher-refused', { message: 'the launcher does not know this', ...parts });
}

function stopping(document: unknown, stop: (why: StopWhy) => void, to: Line): void {
  const read = stopSchema.safeParse(document);
  if (read.success) stop(read.data.stop);
  else to.destroy();
}

function full(): Failure {
  const message = `the launcher has ${mostJobs} jobs under way`;
  return new Failure('host-failed', { message, step: 'launcher', expected: 'fewer at once' });
}

/** The socket is its maker's alone, from its first instant; the unit gives it to the supervisor. */
async function listen(server: Server, { socket }: LauncherOptions): Promise<void> {
  rmSync(socket, { force: true });
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, resolve);
    });
  } catch (error) {
    const message = 'the launcher cannot listen';
    throw new Failure('host-failed', { message, step: 'launcher', input: socket }, error);
  } finally {
    process.umask(before);
  }
}
