import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFileSystem, syncFolder } from './durable.ts';
import { writeAll } from './files.ts';

export interface NewFile {
  path: string;
  content: string;
  mode: number;
}

/**
 * As writeDurable (files.ts) for each, but on the disk together: one call instead of two a file.
 * All are on one file system. What each failed with, in their order; null where it is written.
 */
export async function writeMany(files: readonly NewFile[]): Promise<unknown[]> {
  const all = files.map((file) => new Fresh(file));
  for (const one of all) one.try(() => one.write());
  const first = all[0];
  if (first === undefined) return [];
  const unsynced = await syncFileSystem(first.folder).catch((error: unknown) => ({ error }));
  for (const one of all) {
    one.try(() => {
      if (unsynced !== undefined) throw unsynced.error;
      renameSync(one.temporary, one.file.path);
    });
  }
  const folders = new Map(all.map((one) => [one.folder, faultOf(() => syncFolder(one.folder))]));
  return all.map((one) => one.fault ?? folders.get(one.folder) ?? null);
}

class Fresh {
  readonly file: NewFile;
  readonly folder: string;
  readonly temporary: string;
  fault: unknown = null;

  constructor(file: NewFile) {
    this.file = file;
    this.folder = dirname(file.path);
    this.temporary = `${this.folder}/.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`;
  }

  /** Does nothing more once something failed. */
  try(work: () => void): void {
    if (this.fault !== null) return;
    this.fault = faultOf(work);
    if (this.fault !== null) rmSync(this.temporary, { force: true });
  }

  write(): void {
    const fd = openSync(this.temporary, 'wx', this.file.mode);
    try {
      writeAll(fd, Buffer.from(this.file.content));
    } finally {
      closeSync(fd);
    }
  }
}

function faultOf(work: () => void): unknown {
  try {
    work();
    return null;
  } catch (error) {
    return error;
  }
}
