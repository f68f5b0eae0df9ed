import { readText } from '../host/files/files.ts';
import type { AgentUser } from './path-of.ts';
import type { Names } from './weak.ts';

/** Users and groups as /etc says them now. */
export interface Users {
  users: { name: string; uid: number; gid: number }[];
  groups: { name: string; gid: number; members: string[] }[];
}

export function readUsers(): Users {
  const rows = (file: string) => (readText(file) ?? '').split('\n').map((one) => one.split(':'));
  return {
    users: rows('/etc/passwd').flatMap(([name, , uid, gid]) =>
      name && uid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
    ),
    groups: rows('/etc/group').flatMap(([name, , gid, members]) =>
      name && gid ? [{ name, gid: Number(gid), members: (members ?? '').split(',') }] : [],
    ),
  };
}

export function namesOf({ users, groups }: Users): Names {
  const byUid = new Map(users.toReversed().map((one) => [one.uid, one.name]));
  const byGid = new Map(groups.toReversed().map((one) => [one.gid, one.name]));
  return {
    user: (uid) => byUid.get(uid) ?? `uid ${uid}`,
    group: (gid) => byGid.get(gid) ?? `gid ${gid}`,
  };
}

/** The group whose members are operators. */
export const operatorsGroup = 'airlock-operators';
/** The user that the supervisor of a host install is. */
export const supervisorUser = 'airlock';
/** How the users of agents begin. */
const agentPrefix = 'al-';

/**
 * Users of agents: those that runs are started as, and whoever else is called like one, of other
 * instances and of agents that are gone.
 */
export function agentUsers(
  known: readonly { uid: number; gid: number }[],
  { users, groups }: Users,
): AgentUser[] {
  const listed = users.filter(({ name, uid }) => name.startsWith(agentPrefix) && uid !== 0);
  const byUid = new Map([...listed, ...known].map((one) => [one.uid, one]));
  return [...byUid.values()].map(({ uid, gid }) => {
    const name = users.find((one) => one.uid === uid)?.name ?? `uid ${uid}`;
    return { name, uid, gid, groups: groups.filter(has(name)).map((one) => one.gid) };
  });
}

const has = (name: string) => (group: { members: string[] }) => group.members.includes(name);
