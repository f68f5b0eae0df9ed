import { dirname } from 'node:path';
import { type Lock, lockFile } from '../host/database.ts';
import { makeFolder } from '../host/files/files.ts';
import type { Layout } from '../model/layout.ts';

export type { Lock };

/**
 * Become the one writer of this ROOT; null when another process (or this one) already is. The
 * lock goes with its process, however that ends. Whether a daemon runs is asked of
 * `store/daemon.ts`, never by trying to take the lock.
 */
export function takeLock(layout: Layout): Lock | null {
  makeFolder(dirname(layout.writerLock));
  return lockFile(layout.writerLock);
}
