/** The steps of a path as the kernel takes them: each folder, each link, and where it ends. */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { errorCode, listFolder, orNull } from '../files/files.ts';

export interface Hop {
  path: string;
  /** null: nothing is there. */
  stats: Stats | null;
}

/** The kernel's own limit. */
const mostLinks = 40;

/** What is looked at once is not looked at again: one audit sees one state. */
export class Looked {
  readonly #seen = new Map<string, Stats | null>();

  at(path: string): Stats | null {
    const known = this.#seen.get(path);
    if (known !== undefined) return known;
    const found = lookOrNull(path);
    this.#seen.set(path, found);
    return found;
  }
}

/** Where we may not look ourselves: not as root, and then doctor says so. */
function lookOrNull(path: string): Stats | null {
  try {
    return orNull(() => lstatSync(path));
  } catch (error) {
    if (errorCode(error) === 'EACCES') return null;
    throw error;
  }
}

/** Names in a folder; none in one that we may not list. */
export function namesIn(folder: string): string[] {
  try {
    return listFolder(folder);
  } catch (error) {
    if (errorCode(error) === 'EACCES') return [];
    throw error;
  }
}

/**
 * Every folder, link and end on the way to an absolute path, in order; the last is what it leads
 * to. A way that ends nowhere ends with the name that is not there.
 */
export function hops(looked: Looked, path: string): Hop[] {
  const way: Hop[] = [{ path: '/', stats: looked.at('/') }];
  let left = path.split('/').filter((part) => part !== '');
  let here = '';
  for (let links = 0; left.length > 0; ) {
    const [part = '', ...rest] = left;
    left = rest;
    if (part === '.') continue;
    if (part === '..') {
      here = here.slice(0, Math.max(0, here.lastIndexOf('/')));
      continue;
    }
    const at = `${here}/${part}`;
    const stats = looked.at(at);
    way.push({ path: at, stats });
    if (stats === null) return way;
    if (!stats.isSymbolicLink()) here = at;
    else {
      links += 1;
      if (links > mostLinks) return way;
      const target = readlinkSync(at);
      if (target.startsWith('/')) here = '';
      left = [...target.split('/').filter((one) => one !== ''), ...left];
    }
  }
  // A link to where it came through: its end is the last place, said once more.
  const end = here === '' ? '/' : here;
  if (way.at(-1)?.path !== end) way.push({ path: end, stats: looked.at(end) });
  return way;
}
