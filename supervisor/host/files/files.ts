import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { systemWords } from '../../model/system-words.ts';
import { bareEnvironment } from '../process/environment.ts';
import { syncFolder } from './durable.ts';

/** The system's code of an error (`ENOENT`, ...), or null. */
export function errorCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? systemWords(code, error) : null;
}

/** An error of the system as a line for people: its code and what it was about. */
export function fsErrorText(error: unknown): string {
  const code = errorCode(error);
  const message = systemWords(error instanceof Error ? error.message : String(error), error);
  return code === null || message.includes(code) ? message : `${code}: ${message}`;
}

/** What `make` gives, or null when the thing is not there. */
export function orNull<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Bytes that an ordinary user may still write where a path is; 0 as well when inodes are out. */
export function freeBytes(path: string): number {
  const { bavail, bsize, files, ffree } = statfsSync(path);
  return files > 0 && ffree === 0 ? 0 : bavail * bsize;
}

/** Content of a file, or null when there is none. */
export function readText(file: string): string | null {
  return orNull(() => readFileSync(file, 'utf8'));
}

/** Content of a file, or null when there is none. */
export function readBytes(file: string): Buffer | null {
  return orNull(() => readFileSync(file));
}

/** Names in a folder, sorted; empty when there is no such folder. */
export function listFolder(folder: string): string[] {
  return orNull(() => readdirSync(folder).sort()) ?? [];
}

/** Whether a folder holds more names than this; reads no more of them. */
export function holdsMore(folder: string, most: number): boolean {
  const entries = opendirSync(folder, { bufferSize: 1024 });
  try {
    for (let count = 0; entries.readSync() !== null; count++) if (count >= most) return true;
    return false;
  } finally {
    entries.closeSync();
  }
}

/** What is at a path itself, links not followed. */
export function kindOf(path: string): 'file' | 'folder' | 'link' | 'other' | 'absent' {
  const found = orNull(() => lstatSync(path));
  if (found === null) return 'absent';
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  return found.isSymbolicLink() ? 'link' : 'other';
}

export function copyFile(from: string, to: string): void {
  copyFileSync(from, to);
}

export function moveFile(from: string, to: string): void {
  renameSync(from, to);
}

/**
 * Make a folder where it is missing, and its parents; `false`: it was there. Node's own way tells a
 * disk's EIO or EDQUOT as ENOENT, with the name of the folder that it was to make.
 */
export function makeFolder(folder: string, mode = 0o755): boolean {
  try {
    mkdirSync(folder, { mode });
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' && orNull(() => statSync(folder))?.isDirectory()) return false;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    makeFolder(dirname(folder), mode);
    return makeFolder(folder, mode);
  }
}

/**
 * Write a file so that a reader sees the old content or the new, whole, and a crash leaves one
 * of them: temporary file, fsync, rename, fsync of the folder.
 */
export function writeDurable(file: string, content: string | Uint8Array, mode = 0o644): void {
  const temporary = `${dirname(file)}/.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`;
  const fd = openSync(temporary, 'wx', mode);
  try {
    writeAll(fd, typeof content === 'string' ? Buffer.from(content) : content);
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(fd);
  renameSync(temporary, file);
  syncFolder(dirname(file));
}

/**
 * Put another content into a file that is there, as its owner and with its mode; what it held is
 * kept beside it, as `<file>.before`. Durable, and whole at each instant.
 */
export function replaceFile(file: string, content: Uint8Array): void {
  const before = readFileSync(file);
  if (before.equals(content)) return;
  const { mode, uid, gid } = lstatSync(file);
  const write = (path: string, what: Uint8Array) => {
    writeDurable(path, what, mode & 0o777);
    chownSync(path, uid, gid);
  };
  write(`${file}.before`, before);
  write(file, content);
}

/** Write a file in place of what is there; not durable. */
export function writeOver(file: string, content: string, mode: number): void {
  writeFileSync(file, content, { mode });
}

/** Write all of it: one write(2) may take less than it was given. */
export function writeAll(fd: number, content: Uint8Array): void {
  for (let done = 0; done < content.length; ) done += writeSync(fd, content, done);
}

/** Remove a tree, read-only folders too; nothing there is fine. Links are not followed. */
export function removeTree(path: string): void {
  try {
    if (kindOf(path) === 'folder') makeWritable(Buffer.from(path));
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    if (errorCode(error) !== 'ENAMETOOLONG' && !(error instanceof RangeError)) throw error;
    removeDeepTree(path);
  }
}

function makeWritable(folder: Buffer): void {
  chmodSync(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) makeWritable(Buffer.concat([folder, Buffer.from('/'), entry.name]));
  }
}

/** Folders so deep that no path names the last: coreutils goes down step by step, Node cannot. */
function removeDeepTree(path: string): void {
  for (const [program, ...args] of [
    ['chmod', '-R', 'u+rwx'],
    ['rm', '-rf'],
  ] as const) {
    execFileSync(program, [...args, '--', path], { stdio: 'pipe', env: bareEnvironment() });
  }
}
