import { spawn } from 'node:child_process';
import { statfsSync, statSync } from 'node:fs';
import { holdsMore, orNull } from '../files/files.ts';
import { bareEnvironment } from '../process/environment.ts';

/** What folders hold. */
export interface Held {
  /** Of blocks, so that a file with holes counts what it takes. */
  bytes: number;
  inodes: number;
}

/** A walk that takes longer is given up, milliseconds; the next one may be luckier. */
const longestWalk = 20_000;

/**
 * What folders hold together, walked by a process of its own: it goes by descriptors, follows no
 * link, knows no limit on a path's length and leaves us free. null: it could not tell.
 */
export async function heldBy(folders: readonly string[], what: keyof Held): Promise<number | null> {
  const unit = what === 'bytes' ? '--block-size=1' : '--inodes';
  // Not --one-file-system: below an overlay files seem to be on another one. A run mounts nothing.
  const argv = ['--summarize', '--total', unit, '--', ...folders];
  const child = spawn('du', argv, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: bareEnvironment(),
    timeout: longestWalk,
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const total = /^(\d+)\ttotal$/m.exec(said);
  return total === null ? null : Number(total[1]);
}

/** What is left where a path is; inodes are without end where they are not counted. */
export function leftAt(path: string): Held {
  const { bavail, bsize, files, ffree } = statfsSync(path);
  return { bytes: bavail * bsize, inodes: files === 0 ? Number.POSITIVE_INFINITY : ffree };
}

/** Whether a folder holds more names than this; looks again only when it changed. */
export function nameCounter(folder: string, most: number): () => boolean {
  let changed = -1;
  return () => {
    const now = orNull(() => statSync(folder).mtimeMs);
    if (now === null || now === changed) return false;
    changed = now;
    return holdsMore(folder, most);
  };
}
