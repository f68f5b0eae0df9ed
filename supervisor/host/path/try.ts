/** What is tried as agents' users, and how it is told. */
import type { Target } from '../../model/job.ts';

export interface TryUser {
  name: string;
  uid: number;
  gid: number;
  /** Further groups. */
  groups: number[];
  /** Try to mount, too: a process for each user. */
  mount: boolean;
}

export type { Target };

export interface TryRequest {
  users: TryUser[];
  targets: Target[];
  /** A folder in which a user's own file may be made, on the file system of ROOT. */
  scratch: string | null;
  /** A folder that is to be mounted over. */
  mount: string | null;
}

/** Something that a user could do. */
export interface Success {
  user: string;
  path: string;
  did: 'create' | 'symlink' | 'link' | 'rename' | 'write' | 'chmod' | 'replace' | 'mount';
}
