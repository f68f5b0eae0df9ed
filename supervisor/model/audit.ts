/**
 * The invocation path: everything between the service manager and the first line of a run, and
 * what is wrong with it. Invariant 4: no byte that an agent can write is on it.
 */

/** Why a place on the path is not safe. */
export type Fault =
  | 'owner' // belongs to somebody who is not trusted
  | 'group' // a group can write it; a write entry of an ACL shows so, too
  | 'world' // anybody can write it
  | 'acl' // an ACL where none belongs
  | 'setuid' // a program that lends its owner's rights
  | 'sticky' // shared, and one may remove what is another's
  | 'member' // an agent's user is in the operators' group
  | 'try'; // an agent's user tried, and could

/** A place on the path that somebody else could change. */
export interface Weakness {
  path: string;
  /** What it is on the path: `policy file`, `program`, `way to current`, ... */
  part: string;
  fault: Fault;
  message: string;
  /** What to do. */
  remedy: string;
}

/** The last audit of this life of the supervisor. */
export interface AuditRecord {
  /** Milliseconds since 1970. */
  at: number;
  /** The first of them: at most `keptWeaknesses`. */
  findings: Weakness[];
}

/** Where so many places are open, more of them say nothing new. */
export const keptWeaknesses = 50;
