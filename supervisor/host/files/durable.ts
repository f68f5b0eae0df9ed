import { execFile } from 'node:child_process';
import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { promisify } from 'node:util';

/** Make the content of a file or the entries of a folder durable. */
export function syncPath(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Make a folder's entries durable: names that were made, moved or removed in it. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Make everything written so far to the file system that holds `path` durable, with one call.
 * Node has no syncfs(2); coreutils' `sync -f` is it. Measured: 10 ms where an fsync of each
 * changed file and folder of a 20,000-file tree takes 120 ms.
 */
export async function syncFileSystem(path: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', path], { env: { PATH: process.env.PATH } });
}
