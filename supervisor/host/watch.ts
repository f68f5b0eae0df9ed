import { type Dirent, type FSWatcher, watch as fsWatch, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { orNull } from './files.ts';
import { nameToText, pathOf } from './names.ts';

/**
 * Told of every event: something happened to `name` (as nameToText writes it) in `folder`; with the
 * name '' its watch has just begun. `renamed`: it came by a rename from a dot-file of the same
 * folder, so it is whole. Events may be lost (inotify overflows silently) and repeated: they wake,
 * nothing may depend on them.
 */
export type Wake = (folder: string, name: string, renamed: boolean) => void;

export interface Watcher {
  close(): void;
}

export interface WatchFolders {
  folders: string[];
  /** Folders whose sub-folders are watched as well, those too that come later. */
  parents: string[];
  /** A folder that cannot be watched: the sweep alone finds what comes there. */
  onError: (error: unknown) => void;
}

/**
 * Watch folders, not what is deeper, from when this returns. Node's own watcher: chokidar lists a
 * folder anew, with a stat of every file, each second in which something happens in it.
 */
export function watch({ folders, parents, onError }: WatchFolders, wake: Wake): Watcher {
  const watched = new Map<string, { inode: bigint; watcher: FSWatcher }>();
  const renames = new RenameSpotter();
  const heard = (folder: string, name: string, event: string) => {
    if (parents.includes(folder)) begin(join(folder, name));
    wake(folder, name, renames.see(folder, name, event));
  };
  const begin = (folder: string) => {
    const stat = orNull(() => lstatSync(folder, { bigint: true }));
    const inode = stat?.isDirectory() ? stat.ino : null;
    const known = watched.get(folder);
    if (known?.inode === inode) return;
    known?.watcher.close();
    watched.delete(folder);
    if (inode === null) return;
    try {
      const watcher = fsWatch(folder, { encoding: 'buffer' }, (event, name) =>
        heard(folder, name === null ? '' : nameToText(name), event),
      );
      watcher.on('error', onError);
      watched.set(folder, { inode, watcher });
      wake(folder, '', false);
    } catch (error) {
      onError(error);
    }
  };
  for (const one of [...folders, ...parents]) begin(one);
  for (const parent of parents) for (const one of subfolders(parent)) begin(one);
  return {
    close() {
      for (const { watcher } of watched.values()) watcher.close();
    },
  };
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
