import type { Weakness } from '../model/audit.ts';

/** What a look at a place says of who may change it. */
export interface Mode {
  uid: number;
  gid: number;
  /** Permission bits and those for set-uid, set-gid and sticky. */
  mode: number;
  kind: 'file' | 'folder' | 'link';
}

/** What may be so at a place, and is no weakness there. */
export interface Rule {
  trusted: ReadonlySet<number>;
  /** A group whose members may write; null: none. */
  group: number | null;
  /** passage: only the names on the way matter, and sticky keeps those; shared: sticky must be. */
  sticky: 'no' | 'passage' | 'shared';
}

/** For people: who a number is. */
export interface Names {
  user: (uid: number) => string;
  group: (gid: number) => string;
}

const bits = { setuid: 0o4000, setgid: 0o2000, sticky: 0o1000, group: 0o020, world: 0o002 };

/** Everything that is wrong with a place by its owner and bits. Pure. */
export function weaknessesOf(
  found: Mode,
  rule: Rule,
  { path, part }: { path: string; part: string },
  names: Names,
): Weakness[] {
  const { uid, gid, mode, kind } = found;
  const weak: Weakness[] = [];
  const say = (fault: Weakness['fault'], message: string, remedy: string) =>
    weak.push({ path, part, fault, message: `${path} (${part}) ${message}`, remedy });
  if (!rule.trusted.has(uid)) {
    const owner = names.user([...rule.trusted][0] ?? 0);
    const link = kind === 'link' ? '-h ' : '';
    say('owner', `belongs to ${names.user(uid)}`, `chown ${link}${owner} ${path}`);
  }
  if (kind === 'link') return weak;
  const kept = rule.sticky === 'passage' && kind === 'folder' && (mode & bits.sticky) !== 0;
  const others = (mode & bits.world) !== 0 && !kept;
  const group = (mode & bits.group) !== 0 && !kept;
  const foreign = group && gid !== rule.group;
  if (others) say('world', 'can be written by anybody', `chmod ${foreign ? 'g' : ''}o-w ${path}`);
  else if (foreign) {
    const remedy = `chmod g-w ${path} (and setfacl -b ${path} where it has an ACL)`;
    say('group', `can be written by the group ${names.group(gid)}, or through an ACL`, remedy);
  }
  if (group && !foreign && rule.sticky === 'shared' && (mode & bits.sticky) === 0) {
    say('sticky', 'lets each of its group remove what is another’s', `chmod +t ${path}`);
  }
  if (kind === 'file' && (mode & (bits.setuid | bits.setgid)) !== 0) {
    const lends = `lends the rights of ${names.user(uid)}: it is set-uid or set-gid`;
    say('setuid', lends, `chmod u-s,g-s ${path}`);
  }
  return weak;
}
