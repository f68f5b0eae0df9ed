import { appendFile, lstat, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { candidates } from './ids.ts';
import type { Entry } from './listing.ts';
import { orElse } from './listing.ts';

/**
 * Moves what is malformed out of the way and says why: at the end of the file itself, or, for what
 * is not a regular file, in `<name>.reason.md` beside it. Nothing is lost.
 */
export async function setAside(entry: Entry, folder: string, fault: string): Promise<void> {
  const moved = await freePath(folder, entry.name);
  const gone = await orElse(async () => {
    await rename(entry.path, moved);
    return false;
  }, true);
  if (gone) return;
  const reason = `\n\n## Why it was set aside\n\n${fault}\n`;
  if (entry.stats.isFile()) await appendFile(moved, reason);
  else await writeFile(`${moved}.reason.md`, reason.trimStart());
}

async function freePath(folder: string, name: string): Promise<string> {
  const [, stem = name, ending = ''] = /^(.+?)(\.[a-z]+)?$/.exec(name) ?? [];
  for (const each of candidates(stem)) {
    const path = join(folder, each + ending);
    if ((await orElse(() => lstat(path), null)) === null) return path;
  }
  throw new Error(`no name is free in ${folder} for ${name}`);
}
