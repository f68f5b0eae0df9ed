import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { syncFileSystem, syncFolder } from './durable.ts';
import { orNull, removeTree, writeAll } from './files.ts';

/** One file of a tree that is built: linked from another tree, or written. */
export interface TreeFile {
  path: string;
  mode: '100644' | '100755';
  /** null: a hard link to the same path of the tree it grows from. */
  content: Buffer | null;
}

export interface BuildTree {
  /** Absolute; null when every file has content. */
  from: string | null;
  /** Absolute; what is there is removed. */
  to: string;
  files: Iterable<TreeFile>;
  /** Empty folders to leave: mount points. */
  hollow: string[];
}

/** Files between two turns of the event loop: who is fed through it meanwhile is kept going. */
const atOnce = 256;

/**
 * Build a read-only tree: unchanged files are hard links, which is the fastest way there is and
 * safe where nothing is ever written in place (files 0444 or 0555, folders 0555). Not durable yet.
 */
export async function buildTree({ from, to, files, hollow }: BuildTree): Promise<void> {
  removeTree(to);
  mkdirSync(to, { mode: 0o755 });
  const made = new Set<string>(['']);
  let count = 0;
  for (const { path, mode, content } of files) {
    count += 1;
    if (count % atOnce === 1) await setImmediate();
    makeFolders(to, folderOf(path), made);
    if (content === null) linkSync(`${from}/${path}`, `${to}/${path}`);
    else writeFile(`${to}/${path}`, content, mode === '100755' ? 0o555 : 0o444);
  }
  for (const folder of hollow) makeFolders(to, folder, made);
  // The top folder stays writable: its owner could not move it otherwise.
  for (const folder of made) if (folder !== '') chmodSync(`${to}/${folder}`, 0o555);
}

function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end === -1 ? '' : path.slice(0, end);
}

function makeFolders(root: string, folder: string, made: Set<string>): void {
  if (made.has(folder)) return;
  makeFolders(root, folderOf(folder), made);
  mkdirSync(`${root}/${folder}`, { mode: 0o755 });
  made.add(folder);
}

/** Write a new file with exactly these permission bits, whatever the umask. */
export function writeFile(path: string, content: Uint8Array, mode: number): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeAll(fd, content);
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

/**
 * Make a tree durable, then move it to its place by one rename: whoever sees it sees it whole,
 * after a crash too.
 */
export async function publishTree(tree: string, place: string): Promise<void> {
  await syncFileSystem(tree);
  renameSync(tree, place);
  sealTop(place);
  syncFolder(dirname(place));
}

/** The last folder bit; also after a crash between the rename and this. */
export function sealTop(place: string): void {
  if ((lstatSync(place).mode & 0o777) === 0o555) return;
  chmodSync(place, 0o555);
  syncFolder(place);
}

/** Permission bits of a file or folder itself. */
export function modeOf(path: string): number {
  return lstatSync(path).mode & 0o7777;
}

export function setMode(path: string, mode: number): void {
  chmodSync(path, mode);
}

/** Bytes of a file. */
export function sizeOf(path: string): number {
  return lstatSync(path).size;
}

/** Take every write bit off a tree; links stay as they are. Its top is left to publishTree. */
export function makeReadOnly(tree: string): void {
  for (const { path, kind, mode } of findAll(tree)) {
    if (kind === 'folder') chmodSync(`${tree}/${path}`, 0o555);
    else if (kind === 'file') chmodSync(`${tree}/${path}`, (mode & 0o111) === 0 ? 0o444 : 0o555);
  }
}

/** Remove a published tree: out of sight by one rename, then file by file. */
export function retireTree(place: string, bin: string): void {
  if (orNull(() => lstatSync(place)) === null) return;
  chmodSync(place, 0o755);
  const moved = `${bin}/removed-${basename(place)}`;
  removeTree(moved);
  renameSync(place, moved);
  removeTree(moved);
}

/** What a walk of a tree finds, links not followed; folders come before what they hold. */
export interface Found {
  path: string;
  kind: 'file' | 'folder' | 'other';
  /** Permission bits. */
  mode: number;
  size: number;
  uid: number;
}

/** Everything below a folder that only its owner can write; `want`: names to go into. */
export function* findAll(
  folder: string,
  inner = '',
  want: (name: string) => boolean = () => true,
): Generator<Found> {
  const names = readdirSync(inner === '' ? folder : `${folder}/${inner}`).sort();
  for (const name of names.filter(want)) {
    const path = inner === '' ? name : `${inner}/${name}`;
    const stat = lstatSync(`${folder}/${path}`);
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
    yield { path, kind, mode: stat.mode & 0o7777, size: stat.size, uid: stat.uid };
    if (kind === 'folder') yield* findAll(folder, path, want);
  }
}

const buffer = Buffer.allocUnsafe(256 * 1024);

/** sha256 of a file. One buffer is used again and again: ten times faster than streams. */
export function hashFile(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const hash = createHash('sha256');
    for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer)) {
      hash.update(buffer.subarray(0, count));
    }
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}
