import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './errors.ts';

/** A file of the workspace is text of at most this many bytes. */
export const LARGEST_FILE = 256 * 1024;

/** One entry of a folder, which another run may have moved meanwhile. */
export interface Entry {
  name: string;
  path: string;
  stats: Stats;
}

/** The entries of a folder by name, drafts (dot-files) left out; none if there is no folder. */
export async function entriesOf(folder: string): Promise<Entry[]> {
  const names = await orElse(() => readdir(folder), []);
  const entries: Entry[] = [];
  for (const name of names.filter((each) => !each.startsWith('.')).sort()) {
    const path = join(folder, name);
    const stats = await orElse(() => lstat(path), null);
    if (stats) entries.push({ name, path, stats });
  }
  return entries;
}

/** What a file says; throws an Error in words when it is no text file of a sensible size. */
export async function readText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error('it is not a regular file');
    if (stats.size > LARGEST_FILE) throw new Error(`it is larger than ${LARGEST_FILE} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } finally {
    await file.close();
  }
}

/** The result, or `none` if the file or folder is not there. */
export async function orElse<T, N>(work: () => Promise<T>, none: N): Promise<T | N> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return none;
    throw error;
  }
}
