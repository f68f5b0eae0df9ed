import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import chokidar from 'chokidar';
import { holdsMore, orNull } from '../files/files.ts';
import { nameToText, pathOf } from '../inbox/names.ts';
import { clock } from './clock.ts';

/**
 * Told of every event: something happened to `name` (as nameToText writes it) in `folder`; with the
 * name '' anything may have. `renamed`: it came by a rename from a dot-file of the same
 * folder, so it is whole. Events may be lost (inotify overflows silently) and repeated: they wake,
 * nothing may depend on them.
 */
export type Wake = (folder: string, name: string, renamed: boolean) => void;

export interface Watcher {
  /** Resolves when no event is missed any more for being too early. */
  ready: Promise<void>;
  close(): Promise<void>;
}

export interface WatchFolders {
  folders: string[];
  /** Folders whose sub-folders are watched as well, those too that come later. */
  parents: string[];
  /** A folder that cannot be watched: the sweep alone finds what comes there. */
  onError: (error: unknown) => void;
}

/**
 * Watch folders, not what is deeper. Only the folders themselves have an inotify watch: every file
 * is ignored. chokidar still lists a folder anew, with a stat of every file, each second in which
 * something happens in it, and when it is added (40,000: more than a second of this thread). So a
 * sub-folder that is flooded, or holds much, is left alone until it holds little; meanwhile it is
 * told of as a whole, once a second.
 */
export function watch({ folders, parents, onError }: WatchFolders, wake: Wake): Watcher {
  // What cannot be looked at is taken for a folder as any other; who watches it is told.
  const crowded = (folder: string): boolean => {
    try {
      return orNull(() => holdsMore(folder, much)) ?? false;
    } catch (error) {
      onError(error);
      return false;
    }
  };
  const inner = parents.flatMap(subfolders);
  const watched = new Set([...folders, ...parents, ...inner.filter((one) => !crowded(one))]);
  const watcher = chokidar.watch([...watched], {
    depth: 0,
    ignoreInitial: true,
    ignored: (path) => !watched.has(path),
  });
  const renames = new RenameSpotter();
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms).unref();
    timers.add(timer);
  };
  const add = (folder: string) => {
    watched.add(folder);
    watcher.add(folder);
    // Its own watch begins a moment after this: what came by then is told by no event.
    for (const ms of begins) later(ms, () => wake(folder, '', false));
  };
  const forget = (folder: string) => {
    if (watched.delete(folder)) watcher.unwatch(folder);
  };
  const alone = new Set<string>();
  const leaveAlone = (folder: string) => {
    forget(folder);
    alone.add(folder);
    later(calm, () => {
      alone.delete(folder);
      if (!isFolder(folder)) return;
      if (!crowded(folder)) return add(folder);
      wake(folder, '', false);
      leaveAlone(folder);
    });
  };
  const floods = new FloodSpotter(crowded, leaveAlone);
  for (const folder of inner) if (!watched.has(folder)) leaveAlone(folder);
  const heard = (folder: string, name: string, event: string) => {
    if (!watched.has(folder)) return;
    if (parents.includes(folder)) {
      const inner = join(folder, name);
      if (!isFolder(inner)) forget(inner);
      else if (!watched.has(inner) && !alone.has(inner)) add(inner);
    }
    wake(folder, name, renames.see(folder, name, event));
    if (parents.includes(dirname(folder))) floods.see(folder);
  };
  watcher.on('raw', (event, path, details) => {
    const folder = (details as { watchedPath: string }).watchedPath;
    const name = basename(path ?? '');
    // What is no UTF-8 comes garbled: then it is the folder that something happened in.
    heard(folder, name.includes('\ufffd') ? '' : nameToText(Buffer.from(name)), event);
  });
  watcher.on('unlinkDir', (path) => wake(dirname(path), basename(path), false));
  watcher.on('error', onError);
  return {
    ready: new Promise((resolve) => watcher.once('ready', () => resolve())),
    close() {
      for (const timer of timers) clearTimeout(timer);
      return watcher.close();
    },
  };
}

/** Milliseconds after which a new watch has begun: mostly, and on a busy machine. */
const begins = [100, 1000];
/** So many events within so many milliseconds are a flood. */
const flood = 400;
const calm = 1000;
/** A folder with more names is not chokidar's to list. */
const much = 500;

/** Counts a folder's events, and tells when they are a flood, or when it holds much. */
class FloodSpotter {
  readonly #counts = new Map<string, { since: number; events: number }>();
  readonly #crowded: (folder: string) => boolean;
  readonly #told: (folder: string) => void;

  constructor(crowded: (folder: string) => boolean, told: (folder: string) => void) {
    this.#crowded = crowded;
    this.#told = told;
  }

  see(folder: string): void {
    const now = clock.monotonic();
    const known = this.#counts.get(folder);
    const begun = known !== undefined && now - known.since < calm;
    const count = begun ? known : { since: now, events: 0 };
    count.events++;
    this.#counts.set(folder, count);
    if (count.events < flood && (begun || !this.#crowded(folder))) return;
    this.#counts.delete(folder);
    this.#told(folder);
  }
}

/** One that cannot be looked at is watched no more: the sweep finds what is there. */
function isFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false;
  }
}

function subfolders(parent: string): string[] {
  const entries = orNull((): Dirent[] => readdirSync(parent, { withFileTypes: true })) ?? [];
  return entries.filter((one) => one.isDirectory()).map((one) => join(parent, one.name));
}

/**
 * A rename within a folder is told as two events in a row, the old name's and the new one's. So is
 * the removal of a dot-file followed by a new file: what the dot-file was, where it was seen in
 * time, tells them apart (inode and birth: inodes are given again at once).
 */
class RenameSpotter {
  readonly #last = new Map<string, string>();
  readonly #seen = new Map<string, string>();

  see(folder: string, name: string, event: string): boolean {
    const before = this.#last.get(folder) ?? '';
    this.#last.set(folder, event === 'rename' ? name : '');
    const path = pathOf(folder, name).toString('latin1');
    if (name.startsWith('.')) {
      const file = identityOf(path);
      if (file !== null) this.#seen.set(path, file);
      return false;
    }
    if (event !== 'rename' || !before.startsWith('.')) return false;
    const old = pathOf(folder, before).toString('latin1');
    const known = this.#seen.get(old);
    this.#seen.delete(old);
    const now = identityOf(path);
    return now !== null && (known === undefined || known === now);
  }
}

function identityOf(path: string): string | null {
  // An error costs ten times the look itself, and in a flood half of what is asked for is gone.
  const how = { bigint: true, throwIfNoEntry: false } as const;
  const stat = orNull(() => lstatSync(Buffer.from(path, 'latin1'), how)) ?? null;
  return stat === null ? null : `${stat.ino}:${stat.birthtimeNs}`;
}
