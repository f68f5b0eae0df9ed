import { type FSWatcher, watch } from 'node:fs';

/** An event can be lost, and a folder may not be there yet: look again after this, milliseconds. */
const netMs = 250;

/**
 * Look again whenever something happens in one of the folders, until `look` gives something else
 * than null; null when the time is up. Events wake; nothing depends on them.
 */
export async function waitFor<T>(
  folders: readonly string[],
  look: () => T | null,
  withinMs: number,
): Promise<T | null> {
  const watchers: FSWatcher[] = [];
  let net: NodeJS.Timeout | undefined;
  let end: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T | null>((resolve, reject) => {
      const check = (last: boolean) => {
        try {
          const found = look();
          if (found !== null || last) resolve(found);
        } catch (error) {
          reject(error);
        }
      };
      // Watch first, look then: what happens in between is seen by one of the two.
      for (const folder of folders) watchers.push(...watchFolder(folder, () => check(false)));
      check(false);
      net = setInterval(check, netMs, false);
      if (Number.isFinite(withinMs)) end = setTimeout(check, withinMs, true);
    });
  } finally {
    clearInterval(net);
    clearTimeout(end);
    for (const watcher of watchers) watcher.close();
  }
}

/** None where it cannot be watched: the net alone is enough. */
function watchFolder(folder: string, wake: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: true }, wake);
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}

/** For what nothing tells of but a look. */
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
