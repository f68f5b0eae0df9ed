import { statfsSync } from 'node:fs';

export interface Space {
  /** Bytes that are left for an ordinary user, and in all. */
  free: number;
  total: number;
  /** Inodes; 0 in all where the file system does not count them. */
  freeInodes: number;
  totalInodes: number;
}

/** Room on the file system that holds a path. */
export function spaceOf(path: string): Space {
  const { bsize, bavail, blocks, ffree, files } = statfsSync(path);
  return {
    free: bavail * bsize,
    total: blocks * bsize,
    freeInodes: ffree,
    totalInodes: files,
  };
}
