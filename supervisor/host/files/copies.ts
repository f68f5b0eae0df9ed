import { chmodSync, copyFileSync } from 'node:fs';
import { chown, copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../../model/reason.ts';
import type { Identity } from '../sandbox/identity.ts';
import { makeFolder } from './files.ts';

/** A copy of a release that shares no inode with it, for a run's user to write. */
export async function copyTree(from: string, to: string, identity: Identity): Promise<void> {
  const give = async (path: string) => {
    if (identity.root) await chown(path, identity.uid, identity.gid);
  };
  const folder = async (target: string) => {
    await mkdir(target, { mode: 0o755 });
    await give(target);
  };
  const file = async (source: string, target: string) => {
    await copyFile(source, target);
    await give(target);
  };
  await eachEntry(from, to, folder, file);
}

async function eachEntry(
  from: string,
  to: string,
  folder: (target: string) => Promise<unknown>,
  file: (source: string, target: string) => Promise<void>,
): Promise<void> {
  await folder(to);
  const entries = await readdir(from, { withFileTypes: true });
  const work = entries.map(async (entry) => {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) return eachEntry(source, target, folder, file);
    if (entry.isFile()) return file(source, target);
    throw new Failure('corrupt-release', {
      message: 'a release holds something that is no regular file',
      step: 'copy a release',
      input: source,
      expected: 'regular files and folders',
    });
  });
  await Promise.all(work);
}

/** Copy the named files of a tree, each with the mode that is given for it. */
export function copyFiles(
  from: string,
  to: string,
  files: readonly { path: string; mode: number }[],
): void {
  for (const { path, mode } of files) {
    makeFolder(dirname(join(to, path)));
    copyFileSync(join(from, path), join(to, path));
    chmodSync(join(to, path), mode);
  }
}
