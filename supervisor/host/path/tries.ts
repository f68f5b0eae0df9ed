/**
 * A process of its own, as root: it takes on each agent's user in turn and really tries to change
 * the places on the invocation path. Nothing that is there is ever harmed: new names are its own,
 * and whether an old one may be removed or replaced is asked with a call that the kernel refuses
 * for its kind, after it has judged the permission (rmdir of a file, unlink of a folder).
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Success, Target, TryRequest, TryUser } from './try.ts';

/** Thousands of refusals: without a stack each costs a few microseconds. */
Error.stackTraceLimit = 0;

const request = JSON.parse(readFileSync(0, 'utf8')) as TryRequest;
const own = `.airlock-try-${process.pid}-${Math.random().toString(36).slice(2)}`;
const found: Success[] = [];
/** What is not any more what it was when it was looked at is not tried: rmdir is for files. */
const targets = request.targets.flatMap((target) => {
  const stats = lstatSync(target.path, { throwIfNoEntry: false });
  return stats && kindOf(stats) === target.kind ? [{ ...target, mode: stats.mode & 0o7777 }] : [];
});
const scratch = makeScratch();
/** Of the user that this process is now. */
let file: string | null = null;

try {
  for (const user of request.users) asUser(user, () => targets.forEach(tryOne(user)));
  for (const user of request.users) if (request.mount !== null) mountOver(user, request.mount);
} finally {
  if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(JSON.stringify(found));

function kindOf(stats: Stats): Target['kind'] {
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'file';
}

/** Where a user's own files are, to be linked and moved from; null: it cannot be made. */
function makeScratch(): string | null {
  if (request.scratch === null) return null;
  try {
    const scratch = mkdtempSync(`${request.scratch}/.try-`);
    // Each user may make names in it and see none: what is another one's stays his.
    chmodSync(scratch, 0o1733);
    return scratch;
  } catch {
    // A read-only place: the other tries are made all the same.
    return null;
  }
}

/** The user's own file; null: a folder above keeps him out, and of these tries nothing is known. */
function ownFile(): string | null {
  const name = `${scratch}/${process.geteuid?.()}`;
  return scratch !== null && allows(() => writeFileSync(name, '')) ? name : null;
}

function asUser(user: TryUser, what: () => void): void {
  process.setgroups?.([user.gid, ...user.groups]);
  process.setegid?.(user.gid);
  process.seteuid?.(user.uid);
  file = ownFile();
  try {
    what();
  } finally {
    process.seteuid?.(0);
  }
}

function tryOne(user: TryUser): (target: Target & { mode: number }) => void {
  const could = (target: Target, did: Success['did']) => {
    found.push({ user: user.name, path: target.path, did });
  };
  return (target) => {
    const { path, kind } = target;
    if (target.except === user.uid) return;
    if (target.fresh) tryNew(target, could);
    if (kind === 'file' && allows(() => openAndClose(path), ['ETXTBSY'])) could(target, 'write');
    if (kind !== 'link' && allows(() => chmodSync(path, target.mode))) could(target, 'chmod');
    const remove = () => (kind === 'folder' ? unlinkSync(path) : rmdirSync(path));
    if (target.entry && allows(remove, ['EISDIR', 'ENOTDIR'])) could(target, 'replace');
  };
}

/** New names in a folder: made, linked and moved there, and taken away at once. */
function tryNew(target: Target, could: (target: Target, did: Success['did']) => void): void {
  const name = `${target.path}/${own}`;
  const make = () => closeSync(openSync(name, 'wx', 0o600));
  const tried = (did: Success['did'], attempt: () => void) => {
    if (!allows(attempt)) return false;
    could(target, did);
    undo(name);
    return true;
  };
  tried('create', make);
  if (!target.key) return;
  tried('symlink', () => symlinkSync('nowhere', name));
  if (file === null) return;
  const from = file;
  tried('link', () => linkSync(from, name));
  if (tried('rename', () => renameSync(from, name))) file = ownFile();
}

/** As the user who made it, else as root: who could make a name there need not be able to. */
function undo(name: string): void {
  if (allows(() => unlinkSync(name))) return;
  const uid = process.geteuid?.() ?? 0;
  process.seteuid?.(0);
  rmSync(name, { force: true });
  process.seteuid?.(uid);
}

function openAndClose(path: string): void {
  const { O_WRONLY, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
  closeSync(openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK));
}

/** Whether it went through, or failed only for what the thing is. */
function allows(attempt: () => void, kinds: readonly string[] = []): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    return kinds.includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

/** Mounting is a matter of who asks, not of where: one place for each user is enough. */
function mountOver(user: TryUser, place: string): void {
  if (!user.mount) return;
  const options = { uid: user.uid, gid: user.gid, stdio: 'ignore' as const };
  const { status } = spawnSync('mount', ['--bind', place, place], options);
  if (status !== 0) return;
  spawnSync('umount', [place], { stdio: 'ignore' });
  found.push({ user: user.name, path: place, did: 'mount' });
}
