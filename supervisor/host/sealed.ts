import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from './durable.ts';
import { removeTree, writeAll } from './files.ts';

export interface SealedFile {
  /** Relative to the sealed folder. */
  path: string;
  mode: number;
  content: Buffer;
}

/**
 * Write `folder/sealed`, private and durable, in place of what an earlier attempt left. Folder and
 * inbox are synced by the caller's last write.
 */
export function writeSealed(folder: string, files: readonly SealedFile[]): void {
  const sealed = `${folder}/sealed`;
  removeTree(sealed);
  mkdirSync(sealed, { mode: 0o700 });
  const folders = new Set([sealed]);
  for (const file of files) {
    const path = `${sealed}/${file.path}`;
    for (let at = dirname(path); !folders.has(at); at = dirname(at)) folders.add(at);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const fd = openSync(path, 'wx', file.mode);
    try {
      writeAll(fd, file.content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
  for (const one of folders) syncFolder(one);
}
