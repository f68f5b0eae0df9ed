import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder, removeTree, writeAll } from '../files/files.ts';

export interface SealedFile {
  /** Relative to the sealed folder. */
  path: string;
  mode: number;
  content: Buffer;
}

/**
 * Write `folder/sealed`, private, in place of what an earlier attempt left. What was written is the
 * caller's to make durable: the files and folders, files first.
 */
export function writeSealed(folder: string, files: readonly SealedFile[]): string[] {
  const sealed = `${folder}/sealed`;
  removeTree(sealed);
  mkdirSync(sealed, { mode: 0o700 });
  const folders = new Set([sealed]);
  for (const file of files) {
    const path = `${sealed}/${file.path}`;
    for (let at = dirname(path); !folders.has(at); at = dirname(at)) folders.add(at);
    makeFolder(dirname(path), 0o700);
    const fd = openSync(path, 'wx', file.mode);
    try {
      writeAll(fd, file.content);
    } finally {
      closeSync(fd);
    }
  }
  return [...files.map((file) => `${sealed}/${file.path}`), ...folders];
}
