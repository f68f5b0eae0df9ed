import { aclText } from '../host/path/acl.ts';
import type { Probe } from '../host/path/probe.ts';
import type { Success, TryRequest } from '../host/path/try.ts';
import { keptWeaknesses, type Weakness } from '../model/audit.ts';
import type { Install } from './path-of.ts';
import { namesOf, operatorsGroup, readUsers } from './users.ts';
import { type Walked, walk } from './walk.ts';

/** What a walk found, and what is to be tried: data, so that a thread can hand it on. */
export interface Surveyed extends Walked {
  request: TryRequest;
}

/** Walk the path: everything that can be seen without being an agent. */
export function survey(install: Install): Surveyed {
  const walked = walk(install, namesOf(readUsers()));
  const weaknesses = [...walked.weaknesses.map(withNames), ...members(install)];
  const { targets } = walked;
  const users = install.users.map((one) => ({ ...one, mount: true }));
  const { layout } = install;
  return {
    ...{ ...walked, weaknesses },
    request: { users, targets, scratch: layout.runs, mount: layout.releases },
  };
}

/** Whoever the ACL names; where the host cannot say, the finding stands without. */
function withNames(weak: Weakness): Weakness {
  if (weak.fault !== 'acl' && weak.fault !== 'group') return weak;
  const entries = aclText(weak.path);
  return entries ? { ...weak, message: `${weak.message}: ${entries}` } : weak;
}

/** An agent that is an operator could halt, approve and promote. */
function members({ users, operators }: Install): Weakness[] {
  return users
    .filter(({ gid, groups }) => operators !== null && [gid, ...groups].includes(operators))
    .map(({ name }) => ({
      path: '/etc/group',
      part: 'list of users',
      fault: 'member',
      message: `${name}, an agent’s user, is in the group ${operatorsGroup}`,
      remedy: `gpasswd -d ${name} ${operatorsGroup}`,
    }));
}

/** Walk, then try as each agent's user. Throws Failure where it cannot be tried. */
export async function audit(install: Install, probe: Probe): Promise<Weakness[]> {
  return findings(survey(install), probe);
}

/** The most telling first, at most `keptWeaknesses`. */
export async function findings(
  { weaknesses, request }: Surveyed,
  probe: Probe,
): Promise<Weakness[]> {
  const could = request.users.length === 0 ? [] : await probe(request);
  return [...tried(could), ...weaknesses].slice(0, keptWeaknesses);
}

const verbs: Record<Success['did'], string> = {
  create: 'make a new file in',
  symlink: 'make a symbolic link in',
  link: 'link a file into',
  rename: 'move a file into',
  write: 'write',
  chmod: 'change the mode of',
  replace: 'remove or replace',
  mount: 'mount over',
};

/** One finding a place and user, with everything that he could do there. */
function tried(could: readonly Success[]): Weakness[] {
  const by = new Map<string, Success[]>();
  for (const one of could) {
    const key = `${one.user} ${one.path}`;
    by.set(key, [...(by.get(key) ?? []), one]);
  }
  return [...by.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const did = [...new Set(all.map((one) => verbs[one.did]))].join(', ');
    return [
      {
        path: first.path,
        part: 'tried',
        fault: 'try' as const,
        message: `${first.user} could ${did} ${first.path}`,
        remedy: `take the right away: namei -l ${first.path}; getfacl ${first.path}`,
      },
    ];
  });
}
