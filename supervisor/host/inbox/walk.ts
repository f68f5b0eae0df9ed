import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
} from 'node:fs';

const noFollow = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What a walk met. `path` is bytes, relative to where it started, `/` between. */
export interface Met {
  path: Buffer;
  kind: 'file' | 'folder' | 'symlink' | 'fifo' | 'socket' | 'device' | 'unreadable' | 'too-deep';
  stat: BigIntStats;
  /** An open descriptor of a file, for the time of the visit; null for the rest. */
  fd: number | null;
}

/**
 * Folders in folders that are entered; one deeper is met as `too-deep`. Each level holds a
 * descriptor and a part of the stack, and an agent can make ten thousand of them.
 */
const deepest = 200;

/** `stop` ends the walk. */
export type Visit = (met: Met) => 'stop' | undefined;

/**
 * Walk something that others may be changing meanwhile: nothing is opened by a path of more than
 * one name, links are never followed, and what is judged is what was opened (fstat). Node has no
 * openat(2): a folder is opened with O_NOFOLLOW and entered through /proc/self/fd/<n>.
 * Folders come before what they hold. `open`: files are opened too.
 */
export function walk(path: Buffer, options: { open: boolean }, visit: Visit): 'stop' | undefined {
  return meet(path, Buffer.alloc(0), { ...options, depth: 0 }, visit);
}

interface How {
  open: boolean;
  depth: number;
}

function meet(at: Buffer, path: Buffer, how: How, visit: Visit): 'stop' | undefined {
  const seen = lstatSync(at, { bigint: true });
  const kind = kindOfStat(seen);
  if (kind !== 'file' && kind !== 'folder') return visit({ path, kind, stat: seen, fd: null });
  if (kind === 'file' && !how.open) return visit({ path, kind, stat: seen, fd: null });
  if (how.depth > deepest) return visit({ path, kind: 'too-deep', stat: seen, fd: null });
  const fd = openAs(at, kind);
  if (fd === null) return visit({ path, kind: 'unreadable', stat: seen, fd: null });
  try {
    const stat = fstatSync(fd, { bigint: true });
    const same = stat.ino === seen.ino && stat.dev === seen.dev && kindOfStat(stat) === kind;
    if (!same) return visit({ path, kind: 'unreadable', stat, fd: null });
    if (kind === 'file') return visit({ path, kind, stat, fd });
    if (visit({ path, kind, stat, fd: null }) === 'stop') return 'stop';
    return enter(fd, path, { ...how, depth: how.depth + 1 }, visit);
  } finally {
    closeSync(fd);
  }
}

function enter(fd: number, path: Buffer, how: How, visit: Visit): 'stop' | undefined {
  const self = Buffer.from(`/proc/self/fd/${fd}/`);
  const names = readdirSync(self, { encoding: 'buffer' }).sort(Buffer.compare);
  for (const name of names) {
    const inner = path.length === 0 ? name : Buffer.concat([path, Buffer.from('/'), name]);
    try {
      if (meet(Buffer.concat([self, name]), inner, how, visit) === 'stop') return 'stop';
    } catch (error) {
      // Gone or replaced between two calls: whoever compares two walks will see it.
      if (!['ENOENT', 'ELOOP', 'ENOTDIR'].includes(String((error as { code?: unknown }).code))) {
        throw error;
      }
    }
  }
  return undefined;
}

/**
 * Open what is itself a file or folder; null when we may not.
 * @throws ELOOP for a symbolic link, ENOTDIR for what is no folder.
 */
export function openAs(at: Buffer, kind: 'file' | 'folder'): number | null {
  try {
    return openSync(at, kind === 'file' ? noFollow : noFollow | constants.O_DIRECTORY);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EACCES') return null;
    throw error;
  }
}

function kindOfStat(stat: BigIntStats): Met['kind'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'folder';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'device';
}
