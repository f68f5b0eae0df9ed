/** What is tried as agents' users, and how it is told. */

export interface TryUser {
  name: string;
  uid: number;
  gid: number;
  /** Further groups. */
  groups: number[];
  /** Try to mount, too: a process for each user. */
  mount: boolean;
}

export interface Target {
  path: string;
  kind: 'file' | 'folder' | 'link';
  /** Permission bits as they are. */
  mode: number;
  /** Try to make a new name in this folder. */
  fresh: boolean;
  /** Try whether the thing itself may be removed or replaced. */
  entry: boolean;
  /** Every way in which a new name can come. */
  key: boolean;
  /** Not for this user: it is his own. */
  except: number | null;
}

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
  did: 'create' | 'link' | 'rename' | 'write' | 'chmod' | 'replace' | 'mount';
}
