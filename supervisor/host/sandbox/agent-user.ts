import { createHash } from 'node:crypto';
import { Failure } from '../../model/reason.ts';
import { mustCall } from '../process/call.ts';
import type { Identity } from './identity.ts';
import { type PasswdLine, passwd } from './users.ts';

/** Longest name of a user that Debian's tools take. */
const longest = 31;
const agentForm = /^[a-z][a-z0-9-]{0,31}$/;
const instanceForm = /^[a-z][a-z0-9]{0,15}$/;

/** Whose user: an agent of an instance; null: the one without a name. */
export interface Owner {
  instance: string | null;
  agent: string;
}

/** What marks the user beside its name: two owners may be meant by one name, never by this. */
export const commentOf = ({ instance, agent }: Owner): string =>
  `Airlock agent ${agent}${instance === null ? '' : ` of ${instance}`}`;

/** `al-maker`, `al-lab-maker`; with a digest of the owner where that is too long or taken. */
function namesFor({ instance, agent }: Owner): [plain: string | null, certain: string] {
  const plain = `al-${instance === null ? '' : `${instance}-`}${agent}`;
  const mark = createHash('sha256')
    .update(`${instance ?? ''}/${agent}`)
    .digest('hex')
    .slice(0, 8);
  const certain = `${plain.slice(0, longest - 9)}-${mark}`;
  return [plain.length <= longest ? plain : null, certain];
}

/** The agent's user as /etc/passwd has it now; null while there is none. */
export function findAgentUser(owner: Owner): (Identity & { root: true }) | null {
  const names = namesFor(owner);
  const comment = commentOf(owner);
  const found = passwd().find((one) => names.includes(one.name) && one.comment === comment);
  return found === undefined ? null : { root: true, uid: found.uid, gid: found.gid };
}

/** Its user. Throws Failure `no-user` while there is none: a run of it cannot start. */
export function agentUser(owner: Owner): Identity {
  const found = findAgentUser(owner);
  if (found !== null) return found;
  const message = `the agent ${owner.agent} has no user on this host`;
  throw new Failure('no-user', { message, step: 'start the run', input: owner.agent });
}

/** How the agent's user is called where it is told to others: `maker`, `lab.maker`. */
export const ownerWord = ({ instance, agent }: Owner): string =>
  instance === null ? agent : `${instance}.${agent}`;

export function parseOwner(word: string): Owner {
  const [first = '', second] = word.split('.', 2);
  const owner =
    second === undefined ? { instance: null, agent: first } : { instance: first, agent: second };
  const fits = owner.instance === null || instanceForm.test(owner.instance);
  if (fits && agentForm.test(owner.agent) && word === ownerWord(owner)) return owner;
  const message = `"${word}" names no agent`;
  const expected = 'AGENT or INSTANCE.AGENT';
  throw new Failure('usage', { message, step: 'make a user', input: word, expected });
}

/** Make the agent's user where there is none. For root on a host whose /etc can be written. */
export async function makeAgentUser(owner: Owner): Promise<void> {
  if (findAgentUser(owner) !== null) return;
  const [plain, certain] = namesFor(owner);
  const taken = plain === null || passwd().some((one) => one.name === plain);
  const name = taken ? certain : plain;
  const line = `u ${name} - "${commentOf(owner)}" /nonexistent /usr/sbin/nologin`;
  await mustCall('systemd-sysusers', ['--inline', line], 'make a user');
  const made = findAgentUser(owner);
  if (made !== null && made.uid === made.gid) return;
  throw new Failure('no-user', {
    message: `the user ${name} could not be made as it must be`,
    step: 'make a user',
    input: name,
    expected: 'a user and a group of its own, of the same number',
    actual: made === null ? 'none' : `${made.uid}:${made.gid}`,
  });
}

/** Names of all users that were made for agents of an instance; null: the one without a name. */
export function usersLike(instance: string | null): string[] {
  return passwd()
    .filter(madeFor(instance))
    .map(({ name }) => name);
}

/** Whether a user was made for an agent of this instance; null: the one without a name. */
export function isAgentOf(instance: string | null, uid: number): boolean {
  const named = passwd().filter((one) => one.uid === uid);
  // A number that another name has, too, is another one's.
  return named.length > 0 && named.every(madeFor(instance));
}

function madeFor(instance: string | null): (line: PasswdLine) => boolean {
  const mine = new RegExp(`^${commentOf({ instance, agent: '[a-z][a-z0-9-]*' })}$`);
  return ({ name, comment }) => name.startsWith('al-') && mine.test(comment);
}
