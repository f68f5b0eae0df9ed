import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import chokidar, { type FSWatcher } from 'chokidar';
import { orNull } from './files.ts';

/**
 * Told of every event: something happened to `name` in `folder`. `renamed`: it came by a rename
 * from a dot-file of the same folder, so it is whole. Events may be lost (inotify overflows
 * silently) and repeated: they wake, nothing may depend on them.
 */
export type Wake = (folder: string, name: string, renamed: boolean) => void;

export interface Watcher {
  /** Resolves when events can no longer be missed for being too early. */
  ready: Promise<void>;
  add(folder: string): void;
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
 * Watch folders, not what is deeper. Only the folders themselves have an inotify watch: every
 * file is ignored, so that a burst of drops costs nothing but its raw events.
 */
export function watch({ folders, parents, onError }: WatchFolders, wake: Wake): Watcher {
  const watched = new Set([...folders, ...parents]);
  for (const parent of parents) for (const one of subfolders(parent)) watched.add(one);
  const watcher = chokidar.watch([...watched], {
    depth: 0,
    ignoreInitial: true,
    ignored: (path) => !watched.has(path),
  });
  const ready = new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  const add = (folder: string) => {
    if (watched.has(folder)) return;
    watched.add(folder);
    watcher.add(folder);
  };
  const renames = new RenameSpotter();
  const heard = (folder: string, name: string, event: string) => {
    if (parents.includes(folder)) {
      const inner = join(folder, name);
      if (orNull(() => lstatSync(inner))?.isDirectory()) add(inner);
      else forget(watcher, watched, inner);
    }
    wake(folder, name, renames.see(folder, name, event));
  };
  watcher.on('raw', (event, path, details) => {
    const folder = (details as { watchedPath: string }).watchedPath;
    heard(folder, basename(path ?? ''), event);
  });
  // What lay in a folder before its own watch began was told by no raw event.
  watcher.on('addDir', (path) => wake(path, '', false));
  watcher.on('unlinkDir', (path) => wake(dirname(path), basename(path), false));
  watcher.on('error', onError);
  return { ready, add, close: () => watcher.close() };
}

function subfolders(parent: string): string[] {
  const entries = orNull((): Dirent[] => readdirSync(parent, { withFileTypes: true })) ?? [];
  return entries.filter((one) => one.isDirectory()).map((one) => join(parent, one.name));
}

function forget(watcher: FSWatcher, watched: Set<string>, folder: string): void {
  if (!watched.delete(folder)) return;
  watcher.unwatch(folder);
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
    const path = join(folder, name);
    if (name.startsWith('.')) {
      const file = identityOf(path);
      if (file !== null) this.#seen.set(path, file);
      return false;
    }
    if (event !== 'rename' || !before.startsWith('.')) return false;
    const known = this.#seen.get(join(folder, before));
    this.#seen.delete(join(folder, before));
    const now = identityOf(path);
    return now !== null && (known === undefined || known === now);
  }
}

function identityOf(path: string): string | null {
  const stat = orNull(() => lstatSync(path, { bigint: true }));
  return stat === null ? null : `${stat.ino}:${stat.birthtimeNs}`;
}
