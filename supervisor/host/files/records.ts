/**
 * Small files in folders that others can write to: switches, requests, answers. They are read
 * bounded, without following links, and without ever waiting on what is not a regular file.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  type Stats,
  utimesSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from './durable.ts';
import { errorCode, writeAll } from './files.ts';

/** What stands at a path: a file's content, or why there is none. */
export type Small =
  | { kind: 'file'; content: Buffer; uid: number; links: number; mtimeMs: number }
  | { kind: 'absent' }
  | { kind: 'strange'; what: string; uid: number; mtimeMs: number }
  | { kind: 'too-big'; size: number; uid: number; mtimeMs: number }
  | { kind: 'unreadable'; cause: string; uid: number | null; mtimeMs: number };

/** The system's code of an error; `EIO` where it has none. */
export function codeOrEio(error: unknown): string {
  return errorCode(error) ?? 'EIO';
}

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Read a file of at most `limit` bytes, never through a link; never throws. */
export function readSmall(path: string, limit: number): Small {
  let fd: number;
  try {
    fd = openSync(path, readFlags);
  } catch (error) {
    return unopened(path, codeOrEio(error));
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
    return { kind: 'unreadable', cause: codeOrEio(error), uid: null, mtimeMs: 0 };
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
    const code = codeOrEio(error);
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
      if (!['ENOSPC', 'EDQUOT'].includes(codeOrEio(error))) throw error;
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
    if (codeOrEio(error) === 'ENOENT') return false;
    throw error;
  }
  syncFolder(dirname(path));
  return true;
}

/** Make a file that is there the one changed last; `false`: it is not there, or not ours. */
export function touch(path: string): boolean {
  try {
    const now = new Date();
    utimesSync(path, now, now);
    return true;
  } catch (error) {
    if (errorCode(error) === null) throw error;
    return false;
  }
}

/** Names in a folder, in no order. */
export function listNames(folder: string): string[] {
  return readdirSync(folder);
}

/** Whether a folder is there and we may list it. Throws on any other trouble with it. */
export function mayList(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return lstatSync(folder).isDirectory();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(codeOrEio(error))) return false;
    throw error;
  }
}

/** What a path is, without following it; null when there is nothing. */
export function lookAt(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

/** Where a path leads when links are followed; the path itself when it leads nowhere. */
export function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes(codeOrEio(error))) return path;
    throw error;
  }
}

/** Whether this process may change what is in a folder. */
export function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(codeOrEio(error))) return false;
    throw error;
  }
}
