import { dirname, join } from 'node:path';
import { copyTree } from '../host/files/copies.ts';
import { syncFileSystem, syncFolder } from '../host/files/durable.ts';
import {
  kindOf,
  makeFolder,
  moveFile,
  readText,
  removeTree,
  writeDurable,
} from '../host/files/files.ts';
import { moveLink, readLink } from '../host/files/links.ts';
import { hashFile, makeReadOnly, modeOf } from '../host/files/tree.ts';
import { call } from '../host/process/call.ts';
import { systemd } from '../host/process/systemd.ts';
import { unpack } from '../host/process/tar.ts';
import { usersLike } from '../host/sandbox/users.ts';
import { Failure, reasonOf } from '../model/reason.ts';
import { manifestName } from './package.ts';
import { describe, type InstallStep } from './plan.ts';

type Of<D extends InstallStep['do']> = Extract<InstallStep, { do: D }>;

interface Effect<S> {
  /** What it would do is so already. */
  done: (step: S) => boolean | Promise<boolean>;
  act: (step: S) => unknown;
}

const never = () => false;

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
      if (kindOf(path) === 'absent') makeFolder(path, mode);
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
      await syncFileSystem(stage);
      moveFile(stage, to);
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
  users: { done: never, act: ({ from }) => systemd.users(from) },
  modes: { done: never, act: ({ from }) => systemd.modes(from) },
  reload: { done: never, act: () => systemd.reload() },
  enable: onUnits(systemd.isEnabled, systemd.enable),
  start: onUnits(systemd.isActive, systemd.start),
  stop: onUnits(not(systemd.isActive), systemd.stop),
  disable: onUnits(not(systemd.isEnabled), systemd.disable),
  remove: {
    done: ({ path }) => kindOf(path) === 'absent',
    act({ path }) {
      removeTree(path);
      syncFolder(dirname(path));
    },
  },
  'remove users': {
    done: ({ agentsOf, groups }) => usersLike(agentsOf).length + groups.length === 0,
    async act({ agentsOf, groups }) {
      for (const name of usersLike(agentsOf)) await call('userdel', [name]);
      for (const name of groups) {
        await call('userdel', [name]);
        await call('groupdel', [name]);
      }
    },
  },
};

/** The same package is there already. */
function sameProgram({ from, to }: Of<'program'>): boolean {
  const [mine, theirs] = [join(from, manifestName), join(to, manifestName)];
  return from === to || (kindOf(theirs) === 'file' && hashFile(mine) === hashFile(theirs));
}

/** Beside its place and on the disk before it gets its name: half a program has none. */
async function copyProgram({ from, to }: Of<'program'>): Promise<void> {
  const stage = join(dirname(to), '.unfinished');
  removeTree(stage);
  await copyTree(from, stage, { root: false });
  await syncFileSystem(stage);
  removeTree(to);
  moveFile(stage, to);
  syncFolder(dirname(to));
}

export type Progress = (line: string, state: 'there' | 'done') => void;

/**
 * Carry out a plan, step by step. Throws a Failure that names the step that failed; what was done
 * before it stays, and saying the same again goes on from there.
 */
export async function carryOut(plan: readonly InstallStep[], progress: Progress): Promise<void> {
  for (const step of plan) {
    const { done, act } = effects[step.do] as Effect<InstallStep>;
    try {
      const there = await done(step);
      if (!there) await act(step);
      progress(describe(step), there ? 'there' : 'done');
    } catch (error) {
      const { message, cause } = reasonOf(error, step.do);
      throw new Failure('install-failed', {
        message: `${describe(step).replace(/ +/g, ' ')}: ${message}`,
        step: step.do,
        input: describe(step),
        expected: 'the step to be done',
        cause,
      });
    }
  }
}
