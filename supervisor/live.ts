import { readyInboxes } from './act/run/inboxes.ts';
import { perform } from './act/table.ts';
import { startThreads } from './act/tasks.ts';
import type { World } from './act/world.ts';
import { type Pulse, whyDead } from './decide/alive.ts';
import { releasesThatMatter } from './decide/rollback.ts';
import { keepReserve } from './host/files/reserve.ts';
import { askForUser, probeAt } from './host/launcher/client.ts';
import { openPort } from './host/launcher/port.ts';
import type { Log } from './host/log.ts';
import { probeHere } from './host/path/probe.ts';
import type { Programs } from './host/process/programs.ts';
import { makeAgentUser, parseOwner } from './host/sandbox/agent-user.ts';
import type { Confine } from './host/sandbox/confine.ts';
import { checkoutIdentities, hostIdentities, type Identities } from './host/sandbox/identities.ts';
import { Loop } from './loop.ts';
import { timeOfId } from './model/duration.ts';
import type { Layout } from './model/layout.ts';
import { lacking } from './model/offers.ts';
import type { PolicyInForce } from './model/policy.ts';
import { Failure } from './model/reason.ts';
import { host } from './model/state.ts';
import type { Dirty } from './observe/drops.ts';
import { observer } from './observe/facts.ts';
import { type PolicySource, policySource } from './observe/policy.ts';
import { spentByCutOff } from './observe/spent.ts';
import { unreadTeller } from './observe/unread.ts';
import type { Journal } from './store/journal.ts';
import { writeOffers } from './store/offers.ts';
import { keepVersion, recordedPolicy, rememberInForce } from './store/policies.ts';
import type { ReadPolicy } from './store/policy.ts';
import { recorder } from './store/recorder.ts';
import { listRequests } from './store/requests.ts';
import { clearStuck, writeStuck } from './store/stuck.ts';

/** What the live loop is given from outside. */
export interface Outside {
  layout: Layout;
  policy: PolicySource;
  /** Installed on a host, not run from a checkout. */
  hostInstall: boolean;
  /** Which of several on this host; null: the one without a name. */
  instance: string | null;
  /** Who runs are; null: as such an install has it. */
  identities: Identities | null;
  /** Socket of the launcher that does what only root may; null: this process does it. */
  launcher: string | null;
  /** How runs start: from this process, or by the launcher. */
  confine: Confine;
  programs: Programs;
  log: Log;
  journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
  /** Ask for a turn soon. */
  wake(): void;
  monotonic(): number;
  wakeAt(at: number | null): void;
  /** Inboxes that something happened in since the last look; null: look into all. */
  dirty(): Dirty;
}

/** The loop on the real world, and what its owner needs of it. */
export interface Live {
  loop: Loop;
  policy: () => PolicyInForce;
  /** Start the threads now, so that the first drop does not wait for them. */
  warm(): Promise<void>;
  /** Why the loop is dead although it may turn; null while it lives. */
  whyDead(): string | null;
  /** Rejects when the journal is damaged under the loop: only a start makes one anew. */
  lost: Promise<never>;
  /** Ids of the runs under way in this process. */
  running(): string[];
  /** Stop every run for a shutdown; resolves when nothing of them is left. */
  stopRuns(): Promise<void>;
  /** Cancel the work for a deployment that is under way: the next start begins it anew. */
  stopWork(): Promise<void>;
  /** Make the reserve of the disk again, if somebody had to use it up. */
  keepRoom(): void;
  close(): Promise<void>;
}

/**
 * The policy that the journal names, and how runs start. Before anything else: a host without what
 * its policy requires is not the host that it is for, and the supervisor does not start (Failure
 * `host-lacks`); nor does it with a faulty policy.
 */
export async function openPolicy(
  { policyFile: file, launcher = null }: { policyFile: string; launcher?: string | null },
  layout: Layout,
  log: Log,
): Promise<{ policy: PolicySource; confine: Confine }> {
  const unread = 'the policy on record could not be read: the last that is known is taken';
  const onRecord = recordedPolicy(layout, (reason) => log.warn(unread, { reason }));
  const taken = (digest: string) => {
    log.info('this policy is in force', { digest });
    remember(layout, digest, log);
  };
  const keep = (read: ReadPolicy) => {
    try {
      keepVersion(layout, read);
    } catch (error) {
      log.error('a version of the policy could not be kept', { err: error });
      throw error;
    }
  };
  const policy = policySource({ layout, file, keep, taken });
  const inForce = policy.inForce(onRecord);
  if (onRecord !== null && inForce.digest !== onRecord) {
    log.warn('the policy on record is not kept: the file is in force', { onRecord, file });
  }
  remember(layout, inForce.digest, log);
  const port = await openPort(launcher);
  const offers = await port.offers();
  writeOffers(layout, offers);
  const lacks = lacking(inForce.policy.host.require, offers);
  if (lacks !== null) throw new Failure(lacks.code, lacks);
  return { policy, confine: port.confine };
}

/** For a journal that is damaged one day; a disk that takes nothing stops nobody. */
function remember(layout: Layout, digest: string, log: Log): void {
  try {
    rememberInForce(layout, digest);
  } catch (error) {
    log.error('which policy is in force could not be written down', { err: error });
  }
}

/** The loop with its eyes, `observe/`, and its hands, `act/`. */
export function goLive(outside: Outside): Live {
  const { layout, now, journal, log, programs } = outside;
  clearStuck(layout);
  const state = journal.load();
  let onRecord = () => host(state).policy;
  const policy = () => outside.policy.inForce(onRecord());
  const threads = startThreads(layout.root, { entry: workerEntry() });
  let number = 0;
  const began = now();
  const tellUnread = unreadTeller(log);
  const world: World = {
    ...{ layout, now, log, programs, threads, hostInstall: outside.hostInstall },
    identities: outside.identities ?? identitiesOf(outside),
    confine: outside.confine,
    policy,
    probe: outside.launcher === null ? probeHere : probeAt(outside.launcher),
    state: () => loop.state,
    running: new Map(),
    working: new Map(),
    built: new Map(),
    nextNumber: () => ++number,
  };
  const { hostInstall } = outside;
  const settle = () => policy().policy.limits.settle;
  const eyes = observer({ layout, now, settle, hostInstall, policy: outside.policy });
  const { promise: lost, lose } = loss();
  const spent = spentByCutOff(layout, state);
  const loop: Loop = new Loop(state, {
    ...{ now, monotonic: outside.monotonic, policy },
    ended: outside.wake,
    wakeAt: outside.wakeAt,
    observe(state, { tick }) {
      const releases = releasesThatMatter(state);
      const { policies = [] } = host(state);
      const seen = eyes.observe({ tick, dirty: outside.dirty(), releases, policies });
      tellUnread(eyes.faults());
      return { ...seen, spent };
    },
    commit: recorder(outside),
    perform: (step, settle) => perform(world, step, settle),
    stuck: (error) => {
      tellStuck(outside, error);
      if (error instanceof Failure && error.reason.code === 'journal-damaged') lose(error);
    },
  });
  onRecord = () => host(loop.state).policy;
  const { current } = host(loop.state);
  if (current !== null) readyInboxes(world, current);
  return {
    ...{ loop, policy, lost },
    warm: () => threads.warm(),
    whyDead: () => whyDead(pulseOf(outside, loop, policy, began), now()),
    running: () => [...world.running.keys()],
    stopRuns: () => endAll([...world.running.values()], (run) => run.stop('shutdown')),
    stopWork: () => endAll([...world.working.values()], (work) => work.cancel()),
    keepRoom() {
      // A checkout's disk is its developer's.
      if (!outside.hostInstall) return;
      keepReserve(layout, policy().policy.host.reserve).catch((error) => {
        log.warn('the reserve of the disk could not be made', { err: error });
      });
    },
    close: () => threads.close(),
  };
}

async function endAll<T extends { ended: Promise<unknown> }>(all: T[], end: (one: T) => void) {
  for (const one of all) end(one);
  await Promise.all(all.map((one) => one.ended));
}

function loss() {
  let lose: (error: Failure) => void = () => undefined;
  const promise = new Promise<never>((_, reject) => {
    lose = reject;
  });
  promise.catch(() => undefined); // who does not wait for it is not told
  return { promise, lose };
}

function pulseOf(
  { layout, now }: Outside,
  { state, stuck }: Loop,
  policy: () => PolicyInForce,
  since: number,
): Pulse {
  const { tick } = policy().policy;
  const waiting = host(state).trial?.request;
  const asked = listRequests(layout).requests.filter(
    ({ id }) => !state.answers.has(id) && id !== waiting,
  );
  const oldest = Math.min(...asked.map(({ id }) => timeOfId(id, now())));
  const oldestRequest = Number.isFinite(oldest) ? oldest : null;
  return { stuck, tick, lastTick: host(state).lastTick, since, oldestRequest };
}

/** Users of agents are made by the launcher, or where there is none by this process, as root. */
function identitiesOf({ hostInstall, instance, launcher }: Outside) {
  if (!hostInstall) return checkoutIdentities();
  const here = (owner: string) => makeAgentUser(parseOwner(owner));
  return hostIdentities(instance, launcher === null ? here : (one) => askForUser(launcher, one));
}

/** For doctor and status: the log alone is not looked at. */
function tellStuck({ layout, log, now }: Outside, error: unknown): void {
  if (error === null) return clearStuck(layout);
  log.error('the loop could not go on; it tries again', { err: error });
  try {
    writeStuck(layout, error, now());
  } catch (fault) {
    log.error('nor could that be written down', { err: fault });
  }
}

/** Beside this file as it runs: TypeScript in a test, JavaScript when built. */
function workerEntry(): URL {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./act/worker.${ending}`, import.meta.url);
}
