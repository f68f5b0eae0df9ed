import { execFile } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Layout } from '../../model/layout.ts';
import { bareEnvironment } from '../process/environment.ts';
import { pause } from '../time/wait-for.ts';
import { errorCode, listFolder, makeFolder, orNull } from './files.ts';
import { spaceOf } from './space.ts';

/**
 * Room on the disk that is kept for what must go on when it is full: the journal, a switch, a flip.
 * One file with the blocks, and names that hold inodes. It is given up when somebody needs it, and
 * made again when there is room.
 */

/** A flip takes one inode, a switch one, SQLite a few. */
const spareNames = 32;

const blocksOf = (layout: Layout) => `${layout.reserve}/blocks`;

/** Make it where it is missing, if that leaves as much again to others. True: it is there. */
export async function keepReserve(layout: Layout, bytes: number): Promise<boolean> {
  const blocks = blocksOf(layout);
  const names = new Set(listFolder(layout.reserve));
  const held = orNull(() => statSync(blocks).size) ?? 0;
  if (held === bytes && names.size > spareNames) return true;
  const { free, freeInodes, totalInodes } = spaceOf(layout.root);
  if (free + held < 2 * bytes || (totalInodes > 0 && freeInodes < 4 * spareNames)) return false;
  makeFolder(layout.reserve, 0o770);
  for (let at = 0; at < spareNames; at++)
    closeSync(openSync(`${layout.reserve}/${at}`, 'a', 0o600));
  rmSync(blocks, { force: true });
  closeSync(openSync(blocks, 'w', 0o600));
  const args = ['--posix', '-l', `${bytes}`, blocks];
  if (bytes > 0) await promisify(execFile)('fallocate', args, { env: bareEnvironment() });
  return true;
}

/** False: there was nothing to give up. */
export function releaseReserve(layout: Layout): boolean {
  const names = listFolder(layout.reserve);
  for (const name of names) rmSync(`${layout.reserve}/${name}`, { force: true });
  return names.length > 0;
}

/** A start writes about this much; the journal's upgrade, which copies it, says so itself. */
const enoughToStart = 2 ** 20;

/**
 * Until there is room to start in. A start that fails on a full disk would be tried a few times and
 * then given up for good, and nobody would come back when there is room.
 */
export async function untilRoom(layout: Layout, tell: (free: number) => void): Promise<void> {
  for (let told = false; !hasRoom(layout); await pause(1000)) {
    if (releaseReserve(layout)) continue;
    if (!told) tell(spaceOf(layout.root).free);
    told = true;
  }
}

function hasRoom(layout: Layout): boolean {
  // Before the first start there is no such folder.
  const space = orNull(() => spaceOf(layout.root));
  if (space === null) return true;
  const { free, freeInodes, totalInodes } = space;
  return free >= enoughToStart && (totalInodes === 0 || freeInodes >= spareNames);
}

/** Do it; if the disk is full, give up the reserve and do it again. */
export function withRoom<T>(layout: Layout, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!isFull(error) || !releaseReserve(layout)) throw error;
    return act();
  }
}

/** Whether somewhere among its causes a disk had no room. */
function isFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = errorCode(at) ?? '';
    if (['ENOSPC', 'EDQUOT'].includes(code) || code.startsWith('SQLITE_FULL')) return true;
  }
  return false;
}
