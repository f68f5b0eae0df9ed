import { dirname, join } from 'node:path';
import { copyFiles } from '../host/files/copies.ts';
import { syncFileSystem, syncFolder } from '../host/files/durable.ts';
import {
  kindOf,
  listFolder,
  makeFolder,
  moveFile,
  readText,
  removeTree,
  writeDurable,
} from '../host/files/files.ts';
import { moveLink, readLink } from '../host/files/links.ts';
import { lookAt } from '../host/files/records.ts';
import { hashFile, makeReadOnly, modeOf, publishTree, setMode } from '../host/files/tree.ts';
import { mustCall } from '../host/process/call.ts';
import { systemd } from '../host/process/systemd.ts';
import { unpack } from '../host/process/tar.ts';
import { usersLike } from '../host/sandbox/agent-user.ts';
import { groupNumber, namesTaken, userName } from '../host/sandbox/users.ts';
import { Failure, reasonOf } from '../model/reason.ts';
import { filesOf, manifestName, readPackage } from './package.ts';
import { describe, type InstallStep } from './plan.ts';

type Of<D extends InstallStep['do']> = Extract<InstallStep, { do: D }>;

interface Effect<S> {
  /** What it would do is so already. */
  done: (step: S) => boolean | Promise<boolean>;
  act: (step: S) => unknown;
}

const onUnits = (
  done: (unit: string) => Promise<boolean>,
  act: (units: readonly string[]) => Promise<unknown>,
): Effect<{ units: readonly string[] }> => ({
  done: async ({ units }) => (await Promise.all(units.map(done))).every(Boolean),
  act: ({ units }) => act(units),
});

const not =
  (ask: (unit: string) => Promise<boolean>) =>
  async (unit: string): Promise<boolean> =>
    !(await ask(unit));

/** Every step and its effect. */
const effects: { [D in InstallStep['do']]: Effect<Of<D>> } = {
  folder: {
    done: ({ path, mode }) => kindOf(path) === 'folder' && modeOf(path) === mode,
    act({ path, mode }) {
      makeFolder(path, mode);
      setMode(path, mode);
    },
  },
  program: { done: sameProgram, act: copyProgram },
  deps: {
    done: ({ to }) => kindOf(to) === 'folder',
    async act({ from, to }) {
      const stage = `${to}.part`;
      removeTree(stage);
      makeFolder(stage);
      await unpack(from, stage);
      makeReadOnly(stage);
      await publishTree(stage, to);
    },
  },
  file: {
    done: ({ path, text, keep }) =>
      kindOf(path) !== 'absent' && (keep !== undefined || readText(path) === text),
    act({ path, text, mode }) {
      makeFolder(dirname(path));
      writeDurable(path, text, mode);
    },
  },
  link: {
    done: ({ path, to }) => readLink(path) === to,
    act({ path, to }) {
      makeFolder(dirname(path));
      moveLink(path, to);
    },
  },
  users: {
    done: ({ names }) => namesTaken(names).length === names.length,
    act: ({ from }) => systemd.users(from),
  },
  modes: {
    done: ({ from }) => areAs(readText(from) ?? ''),
    act: ({ from }) => systemd.modes(from),
  },
  reload: { done: systemd.isFresh, act: () => systemd.reload() },
  enable: onUnits(systemd.isEnabled, systemd.enable),
  start: onUnits(systemd.isActive, systemd.start),
  stop: onUnits(not(systemd.isActive), systemd.stop),
  disable: onUnits(not(systemd.isEnabled), systemd.disable),
  remove: {
    done: ({ path, above, link }) => !isOurs(path, link) && !above.some(isEmpty),
    act({ path, above, link }) {
      if (isOurs(path, link)) removeTree(path);
      for (const folder of above) if (isEmpty(folder)) removeTree(folder);
    },
  },
  'remove users': {
    done: ({ agentsOf, names }) => usersLike(agentsOf).length + namesTaken(names).length === 0,
    async act({ agentsOf, names }) {
      for (const name of [...usersLike(agentsOf), ...names]) {
        // 6: there is no such user; a group may be.
        await mustCall('userdel', [name], 'remove a user', { good: [0, 6] });
        if (namesTaken([name]).length > 0) await mustCall('groupdel', [name], 'remove a group');
      }
    },
  },
};

/** Every folder is there as these lines of tmpfiles.d say: `d path mode user group -`. */
function areAs(text: string): boolean {
  const lines = text.split('\n').filter((one) => one.startsWith('d '));
  const good = (line: string) => {
    const [, path = '', mode = '', user, group = ''] = line.split(' ');
    const found = lookAt(path);
    if (found?.isDirectory() !== true || modeOf(path) !== Number.parseInt(mode, 8)) return false;
    return userName(found.uid) === user && groupNumber(group) === found.gid;
  };
  return lines.length > 0 && lines.every(good);
}

/** `changed`: a file or a user was made or taken before; what follows from those is to be done. */
async function isDone(step: InstallStep, changed: boolean): Promise<boolean> {
  const { done } = effects[step.do] as Effect<InstallStep>;
  return !(changed && ['modes', 'reload'].includes(step.do)) && (await done(step));
}

const leads = (step: InstallStep) => ['file', 'remove', 'users'].includes(step.do);

const isEmpty = (folder: string) => kindOf(folder) === 'folder' && listFolder(folder).length === 0;

/** It is there, and where only a link was made it is that link still. */
const isOurs = (path: string, link: string | undefined) =>
  link === undefined ? kindOf(path) !== 'absent' : readLink(path) === link;

/** The same package is there already, and whole. */
function sameProgram({ from, to }: Of<'program'>): boolean {
  if (from === to) return true;
  const [mine, theirs] = [join(from, manifestName), join(to, manifestName)];
  if (kindOf(theirs) !== 'file' || hashFile(mine) !== hashFile(theirs)) return false;
  try {
    readPackage(to);
    return true;
  } catch (error) {
    if (error instanceof Failure && error.reason.code === 'package-damaged') return false;
    throw error;
  }
}

/**
 * Beside its place, found whole and on the disk before it gets its name: half a program has none.
 * Modes are the manifest's: whoever unpacked it may have had another umask.
 */
async function copyProgram({ from, to }: Of<'program'>): Promise<void> {
  const base = dirname(to);
  const [stage, replaced] = [join(base, '.unfinished'), join(base, '.replaced')];
  for (const one of [stage, replaced]) removeTree(one);
  copyFiles(from, stage, filesOf(from));
  readPackage(stage);
  await syncFileSystem(stage);
  if (kindOf(to) !== 'absent') moveFile(to, replaced);
  moveFile(stage, to);
  syncFolder(base);
  removeTree(replaced);
}

/** How each step stands, in a line: what would be done, or is so already. Changes nothing. */
export async function foresee(plan: readonly InstallStep[], progress: Progress): Promise<void> {
  let changed = false;
  for (const step of plan) {
    const there = await isDone(step, changed);
    progress(describe(step), there ? 'there' : 'done');
    changed ||= leads(step) && !there;
  }
}

export type Progress = (line: string, state: 'there' | 'done') => void;

/**
 * Carry out a plan, step by step. Throws a Failure that names the step that failed; what was done
 * before it stays, and saying the same again goes on from there.
 */
export async function carryOut(plan: readonly InstallStep[], progress: Progress): Promise<void> {
  let changed = false;
  for (const step of plan) {
    const { act } = effects[step.do] as Effect<InstallStep>;
    try {
      const there = await isDone(step, changed);
      if (!there) await act(step);
      changed ||= leads(step) && !there;
      progress(describe(step), there ? 'there' : 'done');
    } catch (error) {
      const { message, cause } = reasonOf(error, step.do);
      const input = describe(step).replace(/ +/g, ' ');
      throw new Failure('install-failed', {
        message: `${input}: ${message}`,
        ...{ step: step.do, input },
        expected: 'the step to be done',
        cause,
      });
    }
  }
}
