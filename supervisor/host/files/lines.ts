/** Files of many short lines that only grow: traces. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { writeAll } from './files.ts';
import { codeOrEio } from './records.ts';

export interface LineFile {
  /** Size of the file now. */
  size: number;
  append(text: string): void;
  close(): void;
}

/** Open a file to append to, made if missing, never through a link. */
export function openLines(file: string, mode: number): LineFile {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const fd = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, mode);
  return {
    size: fstatSync(fd).size,
    append: (text) => writeAll(fd, Buffer.from(text)),
    close: () => closeSync(fd),
  };
}

/** The first `limit` bytes of a file, or null when there is none. */
export function readStart(file: string, limit: number): { text: string; size: number } | null {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOrEio(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, limit));
    let done = 0;
    while (done < buffer.length) {
      const got = readSync(fd, buffer, done, buffer.length - done, done);
      if (got === 0) break;
      done += got;
    }
    return { text: buffer.subarray(0, done).toString(), size };
  } finally {
    closeSync(fd);
  }
}
