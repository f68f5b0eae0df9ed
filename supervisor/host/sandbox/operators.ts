import { groupNumber, groupsOf, passwd, userName } from './users.ts';

/** Group of those who may tell Airlock what to do, and the user that it runs as. */
const group = 'airlock-operators';
const self = 'airlock';

/** Root, Airlock's own user, or a member of the operators' group, its primary one included. */
export function isOperator(uid: number): boolean {
  const name = userName(uid);
  if (uid === 0 || name === self) return true;
  const wanted = groupNumber(group);
  if (wanted === null) return false;
  return groupsOf(name).includes(wanted) || passwd().some((o) => o.uid === uid && o.gid === wanted);
}
