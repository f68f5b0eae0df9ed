import { untilRoom } from './host/files/reserve.ts';
import { type Log, openLog } from './host/log.ts';
import { keepMemorySmall } from './host/memory.ts';
import { tellServiceManager } from './host/process/notify.ts';
import { findPrograms } from './host/process/programs.ts';
import { readyRoot } from './host/root.ts';
import type { Identities } from './host/sandbox/identities.ts';
import { type Clock, clock as systemClock } from './host/time/clock.ts';
import { Looked } from './host/time/looked.ts';
import { type Beat, Wakes } from './host/time/wakes.ts';
import { version } from './host/version.ts';
import { lookAtJournal, tellHead } from './journal-news.ts';
import { goLive, type Live, openPolicy } from './live.ts';
import { instant } from './model/duration.ts';
import { layout as layoutOf } from './model/layout.ts';
import { Failure, reasonOf } from './model/reason.ts';
import { host } from './model/state.ts';
import { removeDaemon, writeDaemon } from './store/daemon.ts';
import type { Journal } from './store/journal.ts';
import { takeLock } from './store/lock.ts';
import { openOrRebuild } from './store/rebuild/open.ts';

export interface SuperviseOptions {
  root: string;
  policyFile: string;
  /** Installed on a host (contract, section 1): what a checkout may lack is required there. */
  hostInstall?: boolean;
  /** Which of several on this host; null or left out: the one without a name. */
  instance?: string | null;
  /** Socket of the launcher that starts runs; null or left out: they start from this process. */
  launcher?: string | null;
  /** For tests: another clock or log, other users of runs, a journal around the real one. */
  clock?: Clock;
  log?: Log;
  identities?: Identities;
  aroundJournal?: (journal: Journal) => Journal;
}

/** A supervisor at work in this process. */
export interface Supervisor {
  live: Live;
  /** Resolves when a release is current; rejects with why the supervisor does not start. */
  ready: Promise<void>;
  /** Look now; `tick`: as the cron beat does. */
  wake(tick?: boolean): void;
  /** Start nothing new, wait for the runs under way (policy `limits.drain`), leave. */
  stop(why: string): Promise<void>;
}

/** Exit code of a policy that is missing or faulty: starting again would not help. */
const faultyPolicy = 2;
const unmendable = /^policy|^host-lacks$/;

/**
 * Run the supervisor in the foreground until a signal ends it. Resolves with the exit code:
 * 0 stopped on purpose, 1 could not start or go on, 2 a faulty policy.
 */
export async function supervise(options: SuperviseOptions): Promise<number> {
  keepMemorySmall();
  const log = options.log ?? openLog();
  let supervisor: Supervisor | null = null;
  try {
    const { root } = options;
    const fullDisk = 'the disk is full: it is waited for room';
    await untilRoom(layoutOf(root), (free) => log.error(fullDisk, { root, free }));
    supervisor = await startSupervisor({ ...options, log });
    const ended = Promise.race([untilSignal(), supervisor.live.lost]);
    await Promise.race([supervisor.ready, ended]);
    await told(['--ready', `--status=airlock ${version}`], log);
    const why = await ended;
    log.info('stopping', { why });
    await told(['STOPPING=1'], log);
    const leaving = supervisor;
    supervisor = null;
    await leaving.stop(why);
    return 0;
  } catch (error) {
    const { hint, ...because } = reasonOf(error, 'start');
    log.error(because.message, { reason: because, hint });
    // Who goes on with nobody to answer for him would hold the lock and never be started again.
    await stopAtLast(supervisor, because.message, log);
    return unmendable.test(because.code) ? faultyPolicy : 1;
  }
}

/** Whatever fails in stopping, the exit code says why it was stopped, and the process ends. */
async function stopAtLast(supervisor: Supervisor | null, why: string, log: Log): Promise<void> {
  try {
    await supervisor?.stop(why);
  } catch (error) {
    log.error('it could not be stopped in order', { err: error });
  }
}

/** Agents do not stop because nobody could be told: the service manager's own timeout decides. */
async function told(lines: readonly string[], log: Log): Promise<void> {
  try {
    await tellServiceManager(lines);
  } catch (error) {
    log.error('the service manager could not be told', { err: error, lines });
  }
}

function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}

/** Take the writer lock, read the journal, go live. Throws Failure where it cannot. */
export async function startSupervisor(options: SuperviseOptions): Promise<Supervisor> {
  const layout = layoutOf(options.root);
  const { now, monotonic } = options.clock ?? systemClock;
  const log = options.log ?? openLog();
  const programs = findPrograms();
  await readyRoot(layout);
  const lock = takeLock(layout);
  if (lock === null) {
    const message = `another supervisor holds ${options.root}`;
    throw new Failure('already-running', { message, step: 'start', input: options.root });
  }
  const { policyFile } = options;
  const { policy, confine } = await openPolicy(options, layout, log).catch(lettingGo(lock));
  const { journal: opened, anew } = openOrRebuild(layout, now);
  const journal = options.aroundJournal?.(opened) ?? opened;
  const wakes = new Wakes(layout, now, ({ tick }) => {
    live.loop.turn({ tick });
    if (tick) tellHead(outside);
    if (tick) live.keepRoom();
  });
  const looked = new Looked();
  const wakeAt = (instant: number | null) => {
    wakes.wakeAt(instant);
    looked.tell();
  };
  const dirty = () => wakes.dirty();
  const wake = () => wakes.wake();
  const clocks = { now, monotonic };
  const hostInstall = options.hostInstall ?? false;
  const launcher = options.launcher ?? null;
  const runs = { launcher, confine };
  const { instance = null, identities = null } = options;
  const install = { policy, hostInstall, instance, identities };
  const given = { layout, programs, log, journal, ...clocks, ...install, ...runs };
  const outside = { ...given, wake, wakeAt, dirty };
  const live = goLive(outside);
  writeDaemon(layout, { since: instant(now()), version });
  live.loop.note({ mark: 'started', pid: process.pid, version });
  lookAtJournal(outside, live, anew);
  log.info('started', { version, root: options.root, policy: policyFile });
  looked.each(() => wakes.beat(beatsOf(live)));
  const watchdog = feedWatchdog(live, looked, wakes, log);
  const ready = untilReady(live, looked, log);
  // Who stops before it is ready is not told twice.
  ready.catch(() => undefined);
  await Promise.all([
    live.warm(),
    wakes.watch((error) => log.warn('cannot watch', { err: error })),
  ]);
  wakes.wake(true);
  const stop = async (why: string) => {
    live.loop.stop();
    await drain(live, looked, wakes, log);
    clearInterval(watchdog);
    await live.close();
    live.loop.note({ mark: 'stopped', why });
    tellHead(outside);
    journal.close();
    removeDaemon(layout);
    lock.release();
    log.info('stopped', { why });
  };
  return { live, ready, wake: (tick = false) => wakes.wake(tick), stop };
}

/** Who does not start holds no lock. */
const lettingGo = (lock: { release(): void }) => (error: unknown) => {
  lock.release();
  throw error;
};

/** The tick, and the schedules of `current`: node-cron wakes, the loop decides what is due. */
function beatsOf(live: Live): Beat[] {
  const { policy } = live.policy();
  const schedules = [...live.loop.state.agents.values()].flatMap((agent) =>
    Object.values(agent.paths).map(({ cron, zone }) => ({ cron, zone, tick: false })),
  );
  return [{ cron: policy.tick, zone: 'UTC', tick: true }, ...schedules];
}

async function untilReady(live: Live, looked: Looked, log: Log): Promise<void> {
  const state = () => host(live.loop.state);
  await looked.until(() => state().current !== null || state().stillborn !== null);
  const { current, stillborn } = state();
  if (stillborn !== null && current === null) {
    const message = `the first release does not pass: ${stillborn.message}`;
    throw new Failure('first-release-failed', { ...stillborn, message });
  }
  log.info('ready', { current });
}

/** The service manager hears of a loop that lives, not of a process or of turns (decide/alive). */
function feedWatchdog(live: Live, looked: Looked, wakes: Wakes, log: Log) {
  const period = Number(process.env.WATCHDOG_USEC ?? 0) / 1000;
  if (!(period > 0)) return undefined;
  let fed = 0;
  looked.each(() => {
    if (systemClock.monotonic() - fed < period / 4) return;
    const dead = live.whyDead();
    if (dead !== null) return log.error('the loop is dead: no word to the watchdog', { dead });
    fed = systemClock.monotonic();
    tellServiceManager(['WATCHDOG=1']).catch((error) => log.warn('watchdog', { err: error }));
  });
  return setInterval(() => wakes.wake(), period / 3);
}

/**
 * Runs under way may end by themselves for a while; then they are stopped, as no evidence, and the
 * work for a deployment is cancelled. No turn follows.
 */
async function drain(live: Live, looked: Looked, wakes: Wakes, log: Log): Promise<void> {
  const { drain: patience } = live.policy().policy.limits;
  const idle = looked.until(() => live.loop.underway.size === 0);
  wakes.wake();
  await Promise.race([idle, after(patience)]);
  const left = live.running();
  if (left.length > 0) log.warn('runs are stopped, as no evidence', { runs: left });
  await live.stopRuns();
  wakes.wake();
  const recorded = looked.until(() => left.every((id) => !live.loop.state.runs.has(id)));
  // A journal that cannot be written: the next start finds these runs interrupted.
  if (left.length > 0) await Promise.race([recorded, after(unended)]);
  await wakes.end();
  // Whoever takes the lock next begins it anew: nothing of this one may go on beside that.
  await Promise.race([live.stopWork(), after(unended)]);
}

/** Milliseconds to wait for what was stopped: work to end, the ends of runs to be on record. */
const unended = 5000;

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref());
