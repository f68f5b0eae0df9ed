/**
 * Small files that are read whole and written whole: switches, requests, answers, receipts.
 * Folders that others can write to are read without following links and without ever blocking
 * on what is not a regular file.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What stands at a path: a file's content, or why there is none. */
export type Small =
  | { kind: 'file'; content: Buffer; uid: number; links: number; mtimeMs: number }
  | { kind: 'absent' }
  | { kind: 'strange'; what: string; uid: number; mtimeMs: number }
  | { kind: 'too-big'; size: number; uid: number; mtimeMs: number }
  | { kind: 'unreadable'; cause: string; uid: number | null; mtimeMs: number };

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The system's code of an error, `EIO` where it has none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'EIO';
}

/** Read a file of at most `limit` bytes, never through a link; never throws. */
export function readSmall(path: string, limit: number): Small {
  let fd: number;
  try {
    fd = openSync(path, readFlags);
  } catch (error) {
    return unopened(path, errorCode(error));
  }
  try {
    const stats = fstatSync(fd);
    const { uid, mtimeMs, size } = stats;
    if (!stats.isFile()) return { kind: 'strange', what: whatIs(stats), uid, mtimeMs };
    if (size > limit) return { kind: 'too-big', size, uid, mtimeMs };
    const content = readUpTo(fd, limit + 1);
    if (content.length > limit) return { kind: 'too-big', size: content.length, uid, mtimeMs };
    return { kind: 'file', content, uid, links: stats.nlink, mtimeMs };
  } catch (error) {
    return { kind: 'unreadable', cause: errorCode(error), uid: null, mtimeMs: 0 };
  } finally {
    closeSync(fd);
  }
}

/** What could not be opened: gone, a link, a socket, or a file that we may not read. */
function unopened(path: string, cause: string): Small {
  try {
    const stats = lstatSync(path);
    const { uid, mtimeMs } = stats;
    if (stats.isFile()) return { kind: 'unreadable', cause, uid, mtimeMs };
    return { kind: 'strange', what: whatIs(stats), uid, mtimeMs };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return { kind: 'absent' };
    return { kind: 'unreadable', cause: code, uid: null, mtimeMs: 0 };
  }
}

function whatIs(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a fifo';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function readUpTo(fd: number, most: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total < most) {
    const chunk = Buffer.allocUnsafe(Math.min(64 * 1024, most - total));
    const got = readSync(fd, chunk, 0, chunk.length, null);
    if (got === 0) break;
    chunks.push(chunk.subarray(0, got));
    total += got;
  }
  return Buffer.concat(chunks, total);
}

/** Write a file whole or not at all, synced with its folder; replaces what stands there. */
export function writeWhole(path: string, content: string | Buffer, mode: number): void {
  const folder = dirname(path);
  const temp = join(folder, `.${basename(path).slice(0, 100)}.${randomBytes(6).toString('hex')}`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    const fd = openSync(temp, flags, mode);
    try {
      writeAll(fd, Buffer.from(content));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** Write all of it, however little the system takes at a time. */
export function writeAll(fd: number, content: Buffer): void {
  for (let done = 0; done < content.length; ) done += writeSync(fd, content, done);
}

/**
 * Make a file exist, durably; its content is welcome but not needed (a full disk).
 * `false`: the file is there, without all of its content.
 */
export function writeName(path: string, content: string, mode: number): boolean {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const fd = openSync(path, flags | constants.O_NONBLOCK, mode);
  let whole = true;
  try {
    try {
      writeAll(fd, Buffer.from(content));
    } catch (error) {
      if (!['ENOSPC', 'EDQUOT'].includes(errorCode(error))) throw error;
      whole = false;
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncFolder(dirname(path));
  return whole;
}

/** Remove a file, durably; `false`: there was none. */
export function removeName(path: string): boolean {
  try {
    rmSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  syncFolder(dirname(path));
  return true;
}

/** Make what was renamed, made or removed in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Make a folder and its parents, if missing. */
export function ensureFolder(folder: string, mode = 0o755): void {
  mkdirSync(folder, { recursive: true, mode });
}

/** Names in a folder, in no order. */
export function listNames(folder: string): string[] {
  return readdirSync(folder);
}

/** What a path is, without following it; null when there is nothing. */
export function lookAt(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
