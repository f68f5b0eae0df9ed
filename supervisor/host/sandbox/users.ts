import { readFileSync, statSync } from 'node:fs';

const file = '/etc/passwd';
let known = { stamp: '', names: new Map<number, string>() };

/** The user name of a uid, as /etc/passwd says it now; `uid 1234` for one that it does not name. */
export function userName(uid: number): string {
  const { mtimeMs, size, ino } = statSync(file);
  const stamp = `${mtimeMs}:${size}:${ino}`;
  if (known.stamp !== stamp) known = { stamp, names: readNames() };
  return known.names.get(uid) ?? `uid ${uid}`;
}

function readNames(): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [name, , uid] = line.split(':');
    // The first line of a uid wins, as it does for getpwuid.
    if (name && uid && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}

/** Numbers of the groups that name this user a member, as /etc/group says it now. */
export function groupsOf(name: string): number[] {
  return readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , gid, members]) => gid && members?.split(',').includes(name))
    .map(([, , gid]) => Number(gid));
}

/** Number of a group; null where there is none of this name. */
export function groupNumber(name: string): number | null {
  const lines = readFileSync('/etc/group', 'utf8').split('\n');
  const found = lines.map((line) => line.split(':')).find((parts) => parts[0] === name);
  return found?.[2] ? Number(found[2]) : null;
}

/** A line of /etc/passwd. */
export interface PasswdLine {
  name: string;
  uid: number;
  gid: number;
  comment: string;
}

/** Which of these names are users or groups of this host. */
export function namesTaken(names: readonly string[]): string[] {
  const lines = [file, '/etc/group'].flatMap((one) => readFileSync(one, 'utf8').split('\n'));
  const taken = new Set(lines.map((line) => line.split(':', 1)[0]));
  return names.filter((name) => taken.has(name));
}

/** All of /etc/passwd, as it is now. */
export function passwd(): PasswdLine[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [name, , uid, gid, comment = ''] = line.split(':');
      return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid), comment }] : [];
    });
}
