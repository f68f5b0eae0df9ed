import { spawn } from 'node:child_process';
import { chmodSync, constants, lchownSync } from 'node:fs';
import { chmod, lstat, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../../model/reason.ts';
import type { FileExpectation } from '../../model/scenario.ts';
import { errorCode, listFolder, makeFolder } from '../files/files.ts';
import { bareEnvironment } from '../process/environment.ts';
import type { Identity } from './identity.ts';

/** The folders of a run that are its agent's, on the host. */
export interface RunFolders {
  workspace: string;
  inbox: string;
  receipts: string;
}

/** A private folder with an opaque name: its user alone may enter. */
export async function makePlace(parent: string): Promise<string> {
  makeFolder(parent, 0o711);
  return mkdtemp(join(parent, 'p'));
}

/** Remove every place that a supervisor which went away left behind; none is in use at a start. */
export async function sweepPlaces(parent: string): Promise<void> {
  for (const name of listFolder(parent)) await removePlace(join(parent, name));
}

/**
 * Remove what a run left, whatever it did to modes and however deep it nested: where Node's own
 * removal fails, coreutils' goes by descriptors and has no limit on a path's length.
 */
export async function removePlace(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if (errorCode(error) === null) throw error;
    await succeed('chmod', ['-R', 'u+rwX', '--', folder]);
    await succeed('rm', ['-rf', '--one-file-system', '--', folder]);
  }
}

/** Make an agent's folders where they are missing, and give the first two to the run's user. */
export async function readyFolders(folders: RunFolders, identity: Identity): Promise<void> {
  const { workspace, inbox, receipts } = folders;
  for (const folder of [workspace, inbox, receipts]) await makeOpen(folder);
  await giveTo(folders.workspace, identity);
  await giveTo(folders.inbox, identity);
}

/**
 * A folder that already is the run's user's is left alone: what others put into it they may.
 * Never called while something of the agent runs, and links are not followed.
 */
async function giveTo(folder: string, identity: Identity): Promise<void> {
  if (!identity.root || (await stat(folder)).uid === identity.uid) return;
  const owner = `${identity.uid}:${identity.gid}`;
  await succeed('chown', ['-R', '-h', '-P', owner, '--', folder]);
}

/** Receipts are ours to write and their agent's to read; operators have them from the journal. */
export function closeReceipts(folder: string, group: number): void {
  lchownSync(folder, -1, group);
  chmodSync(folder, 0o750);
}

/** Give an empty or agent's folder to the user of its runs; what is in it is left alone. */
export function ownFolder(folder: string, identity: Identity): void {
  if (identity.root) lchownSync(folder, identity.uid, identity.gid);
}

/**
 * Temporary folders for a rehearsed run, under one private place, with the names that an agent's
 * real ones have. On the same file system as the real ones: statfs gives no sign.
 */
export async function makeWorld(
  place: string,
  agent: string,
  files: Record<string, string>,
): Promise<RunFolders> {
  const world = {
    workspace: join(place, 'workspaces', agent),
    inbox: join(place, 'inbox', agent),
    receipts: join(place, 'receipts', agent),
  };
  for (const folder of Object.values(world)) await makeOpen(folder);
  for (const [path, content] of Object.entries(files)) {
    const file = within(world.workspace, path);
    makeFolder(dirname(file), 0o777);
    await writeFile(file, content);
  }
  return world;
}

/** Whatever the supervisor's umask is: the run's user must be able to enter. */
async function makeOpen(folder: string): Promise<void> {
  if (makeFolder(folder, 0o777)) await chmod(folder, 0o755);
}

/** What is there of the files that a scenario expects; for a folder that nobody writes any more. */
export async function lookAt(
  workspace: string,
  expected: Record<string, FileExpectation>,
): Promise<Record<string, { present: boolean; contains: boolean }>> {
  const found: Record<string, { present: boolean; contains: boolean }> = {};
  for (const [path, expectation] of Object.entries(expected)) {
    const text = typeof expectation === 'object' ? expectation.contains : '';
    found[path] = await lookAtOne(workspace, within(workspace, path), text);
  }
  return found;
}

/** Largest file that is searched for an expected text, bytes. */
const searched = 16 * 1024 * 1024;

/**
 * A link counts as absent: a run could point it at a file of the host. So does what the run made
 * unreadable to its own user.
 */
async function lookAtOne(workspace: string, file: string, text: string) {
  const absent = { present: false, contains: false };
  try {
    const parts = file.slice(workspace.length + 1).split('/');
    for (let at = 1; at < parts.length; at++) {
      const folder = join(workspace, ...parts.slice(0, at));
      if (!(await lstat(folder)).isDirectory()) return absent;
    }
    const handle = await open(
      file,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      const { size } = await handle.stat();
      const contains = size <= searched && (await handle.readFile('utf8')).includes(text);
      return { present: true, contains };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes(errorCode(error) ?? '')) return absent;
    if (errorCode(error) === 'EISDIR') return { present: true, contains: false };
    throw error;
  }
}

function within(folder: string, path: string): string {
  const parts = path.split('/');
  if (path === '' || parts.some((one) => one === '' || one === '.' || one === '..')) {
    throw new Failure('gate-error', {
      message: `a scenario names the path "${path}"`,
      step: 'make the workspace of a scenario',
      input: path,
      expected: 'a relative path without empty, "." or ".." parts',
    });
  }
  return join(folder, ...parts);
}

/** Runs a tool of coreutils to its end; throws a Failure with what it said. */
async function succeed(program: string, args: string[]): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: bareEnvironment(),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < 2000) said += text;
  });
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exit === 0) return;
  throw new Failure('host-failed', {
    message: `${program} failed on a folder of a run`,
    step: program,
    input: args.at(-1) ?? '',
    expected: 'exit 0',
    actual: `exit ${exit}`,
    cause: said.trim().slice(0, 2000) || null,
  });
}

/** Longest path of a unix socket, bytes (unix(7), one less for the NUL). */
const longestSocket = 107;

/** Where a run's gateway listens, in its private folder. */
export function socketIn(folder: string): string {
  const socket = join(folder, 's');
  if (Buffer.byteLength(socket) <= longestSocket) return socket;
  throw new Failure('host-failed', {
    message: 'the path of ROOT is too long for the sockets of runs',
    step: 'make the place of a run',
    input: socket,
    expected: `at most ${longestSocket} bytes`,
    actual: `${Buffer.byteLength(socket)} bytes`,
  });
}
