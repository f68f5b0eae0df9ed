import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Bounds } from '../../model/job.ts';
import { type Reason, reason } from '../../model/reason.ts';
import type { GroupGround } from '../cgroup/ground.ts';
import { makeGroup } from '../cgroup/group.ts';
import { errorCode } from '../files/files.ts';
import { type Ending, type LaunchOptions, launch, type StopWhy } from '../process/process.ts';
import { identify, type ProcessIdentity } from '../process/process-identity.ts';
import { LEFT, STARTED } from './bridge.ts';
import { feeds, type SandboxSpec, sandboxCommand, sandboxOptions } from './sandbox.ts';
import { seccompProgram } from './seccomp.ts';
import { watchRun } from './watch.ts';

/**
 * Runs a command in its sandbox. Invariants:
 * - `ended` settles only when the last process of the sandbox is gone, however it ended;
 * - a command that never began is the host's fault, told apart from one that failed by the word
 *   that the first process says just before it becomes the command;
 * - the sandbox's arguments go by a file descriptor: /proc/1/cmdline inside tells nothing.
 */
export type Limits = Pick<LaunchOptions, 'kept' | 'flood' | 'wall' | 'onOutput'> & {
  /** What it may take of the host; null: what a sandbox alone bounds. */
  bounds?: Bounds | null;
};

export interface ConfinedEnding extends Ending {
  /** Why the command never began; null if it did, or was stopped before. */
  setup: Reason | null;
  /** Processes that the command left behind when it ended by itself, as far as it lets us know. */
  left: number;
}

export interface Confined {
  /** The first process of the sandbox, as the host sees it; null if there never was one. */
  first: Promise<ProcessIdentity | null>;
  ended: Promise<ConfinedEnding>;
  stop(why: StopWhy): void;
}

/** The port through which runs start: in this process, or by a launcher (`host/launcher`). */
export type Confine = (spec: SandboxSpec, limits: Limits) => Confined;

/** `ground`: where the run gets groups of its own; null where there are none. */
export function confine(
  spec: SandboxSpec,
  limits: Limits,
  ground: GroupGround | null = null,
): Confined {
  const { bounds = null } = limits;
  const name = spec.environment.AIRLOCK_RUN ?? 'job';
  const group = ground === null ? null : makeGroup(ground, name, bounds);
  const status = readStatus();
  const progress = readProgress();
  let verdict: StopWhy | null = null;
  const filter = seccompProgram(process.arch);
  const options = sandboxOptions(spec);
  const bwrap = [spec.programs.bwrap, '--args', '3', '--', ...sandboxCommand(spec)];
  const argv = group === null ? bwrap : entering(spec.programs.sh, group.entries, bwrap);
  const launched = launch(argv, {
    ...limits,
    environment: {},
    cwd: '/',
    pipes: [
      options.map((option) => `${option}\0`).join(''),
      status.add,
      progress.add,
      ...feeds(spec.identity).map(({ text }) => text),
      ...(filter === null ? [] : [filter]),
    ],
    kill: (child) => {
      group?.kill();
      status.whenTold((first) => killBoth(child, first));
    },
    gone: async () => {
      await treeGone(await status.first());
      verdict = group?.verdict() ?? null;
      await group?.gone();
    },
  });
  const { workspace, inbox } = spec;
  const watched = { folders: { workspace, inbox }, group, stop: launched.stop };
  const unwatch = bounds === null ? () => undefined : watchRun({ ...watched, bounds });
  const ended = launched.ended.finally(unwatch).then((ending) => {
    const { text, left } = progress.told();
    const began = text.split('\n').includes(STARTED);
    const stopped = onPurpose.has(ending.stoppedBy);
    const setup = began || stopped ? null : setupFault(ending, text, spec);
    // The kernel may have been quicker than our look at its counters.
    const stoppedBy = ending.stoppedBy ?? verdict;
    return { ...ending, ...asSignal(ending), stoppedBy, setup, left };
  });
  return { first: status.first(), ended, stop: launched.stop };
}

/** Why a run may have ended before it began, without a fault of the host. */
const onPurpose: ReadonlySet<StopWhy | null> = new Set<StopWhy>([
  ...(['halt', 'operator', 'rollback', 'shutdown'] as const),
]);

/** A shell that is in the run's groups before it becomes bubblewrap: nothing is ever outside. */
function entering(sh: string, entries: string[], argv: string[]): string[] {
  const script = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; shift; exec "$@"';
  return [sh, '-c', script, 'airlock', ...entries, '--', ...argv];
}

/** The first process's words and the bridge's, bounded; none of them excuses a run. */
function readProgress() {
  let first = '';
  let last = '';
  return {
    add(text: string | null) {
      if (first.length < 4096) first += text ?? '';
      last = (last + (text ?? '')).slice(-100);
    },
    told() {
      const left = new RegExp(`^${LEFT} (\\d{1,7})$`, 'm').exec(last)?.[1];
      return { text: first, left: Number(left ?? 0) };
    },
  };
}

/** How long a stop waits for bubblewrap's word, milliseconds. */
const longestSilence = 2000;

/** bubblewrap's own words: the first process of the sandbox, as the host sees it. */
export function readStatus(identityOf = identify) {
  let text = '';
  let pid: number | null = null;
  let first: ProcessIdentity | null = null;
  let settle: () => void = () => undefined;
  const told = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const look = (child: number) => {
    whenReadable(() => {
      first = identityOf(child);
      settle();
    });
  };
  return {
    add(more: string | null) {
      text += more ?? '';
      if (pid !== null) return;
      pid = Number(/"child-pid"\s*:\s*(\d+)/.exec(text)?.[1] ?? 0) || null;
      if (pid !== null) look(pid);
      else if (more === null) settle();
    },
    /** The first process, once bubblewrap told of it; null if it ended without a word. */
    first: () => told.then(() => first),
    /**
     * bubblewrap killed between making its child and telling of it would leave that child behind:
     * a stop waits for the word, a few milliseconds.
     */
    whenTold(act: (first: ProcessIdentity | null) => void) {
      const silent = setTimeout(settle, longestSilence);
      void told.then(() => {
        clearTimeout(silent);
        act(first);
      });
    },
  };
}

/**
 * The sandbox dies with its first process, whatever those inside did to detach. bubblewrap ties
 * that one to the outer one only when it has started the command: until then it would live on.
 */
function killBoth(child: ChildProcess, first: ProcessIdentity | null): void {
  child.kill('SIGKILL');
  if (first === null) return;
  whenReadable(() => {
    if (identify(first.pid)?.start !== first.start) return;
    try {
      process.kill(first.pid, 'SIGKILL');
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  });
}

/** Now, or once /proc can be read again: nobody who waits for it could be told (EMFILE). */
function whenReadable(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!['EMFILE', 'ENFILE', 'EIO', 'ENOMEM'].includes(errorCode(error) ?? '')) throw error;
    setTimeout(() => whenReadable(work), longestLook);
  }
}

/** Longest wait between two looks, milliseconds. */
const longestLook = 50;

/**
 * The first process of a pid namespace becomes a zombie only after all others in it are gone, so
 * its state is the condition. Nobody else learns when: its parent may have ended before it.
 */
export async function treeGone(first: ProcessIdentity | null): Promise<void> {
  if (first === null) return;
  let there = true;
  for (let look = 1; there; look *= 2) {
    whenReadable(() => {
      there = identify(first.pid)?.start === first.start;
    });
    if (there) await wait(Math.min(look, longestLook));
  }
}

/** bubblewrap tells a death by signal as a shell does: 128 and the signal's number. */
function asSignal(ending: Ending): Pick<Ending, 'exit' | 'signal'> {
  const { exit, signal } = ending;
  const number = (exit ?? 0) - 128;
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found ? { exit: null, signal: found[0] as NodeJS.Signals } : { exit, signal };
}

function setupFault(ending: Ending, progress: string, spec: SandboxSpec): Reason {
  const said = [ending.fault?.message ?? '', progress.trim(), ending.stderrTail.trim()];
  return reason('host-failed', {
    message: 'the sandbox could not be set up; the run never began',
    step: 'start the sandbox',
    input: spec.command.join(' '),
    expected: 'the first process inside says that it starts the run',
    actual: ending.stoppedBy === 'timeout' ? 'nothing in time' : `exit ${ending.exit}`,
    cause:
      said
        .filter((one) => one !== '')
        .join('; ')
        .slice(0, 2000) || null,
  });
}
