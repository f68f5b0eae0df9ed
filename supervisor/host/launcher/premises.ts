import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { RunJob } from '../../model/job.ts';
import { Failure } from '../../model/reason.ts';
import { orNull } from '../files/files.ts';
import type { TryUser } from '../path/try.ts';
import type { Programs } from '../process/programs.ts';
import { isAgentOf, type Owner, parseOwner } from '../sandbox/agent-user.ts';
import { type Identity, RUN_USER } from '../sandbox/identity.ts';
import type { SandboxSpec } from '../sandbox/sandbox.ts';
import { groupsOf, userName } from '../sandbox/users.ts';

/** The ground that a launcher lets runs stand on; it takes nobody's word for where things are. */
export interface Premises {
  /** As given, and with its links resolved. */
  root: string;
  real: string;
  programs: Programs;
  /** Whose agents these are; null: of the one without a name. */
  instance: string | null;
}

export function premisesOf(root: string, programs: Programs, instance: string | null): Premises {
  return { root, real: realpathSync(root), programs, instance };
}

/** Runs are agents of this instance, or the one user of what belongs to no agent. */
const mayRun = (uid: number, { instance }: Premises): boolean =>
  uid === RUN_USER || isAgentOf(instance, uid);

/** What is tried is what no agent may: the agents of other instances are asked, too. */
const mayTry = (uid: number): boolean => uid === RUN_USER || /^al-[a-z0-9-]+$/.test(userName(uid));

const agent = '[a-z][a-z0-9-]{0,31}';
const rehearsal = 'var/runs/p[A-Za-z0-9]{6}';

/** Where each folder of a run may be, below ROOT; nothing else is ever mounted into one. */
const places = {
  runtime: /^releases\/\d{8}T\d{6}Z-[0-9a-f]{10}$/,
  copy: new RegExp(`^${rehearsal}/runtime$`),
  deps: /^deps\/[A-Za-z0-9][A-Za-z0-9._-]*$|^deps$/,
  workspace: new RegExp(`^(?:${rehearsal}/)?workspaces/(?<agent>${agent})$`),
  inbox: new RegExp(`^(?:${rehearsal}/)?inbox/(?<agent>${agent})$`),
  receipts: new RegExp(`^(?:${rehearsal}/)?receipts/(?<agent>${agent})$`),
  gateway: new RegExp(`^${rehearsal}/s$`),
};

/** The sandbox that is asked for, if it may be; throws a Failure that names what may not. */
export function admit(job: RunJob, premises: Premises): SandboxSpec {
  const { runtimeWritable, environment, command } = job;
  const identity = userOf(job, premises);
  const own = identity.root ? identity.uid : (process.getuid?.() ?? -1);
  const at = (name: keyof typeof places, path: string | null, uid?: number) =>
    path === null ? null : folderAt(premises, name, path, uid);
  const workspace = at('workspace', job.workspace, own);
  const inbox = at('inbox', job.inbox, own);
  const receipts = at('receipts', job.receipts);
  oneAgent([workspace, inbox, receipts]);
  const runtime = runtimeWritable ? at('copy', job.runtime, own) : at('runtime', job.runtime);
  return {
    ...{ programs: premises.programs, identity, runtimeWritable, environment, command },
    ...{ workspace, inbox, receipts, runtime: runtime as string, deps: at('deps', job.deps) },
    tools: job.tools === null ? null : toolsAt(job.tools),
    gateway: job.gateway === null ? null : socketAt(premises, job.gateway),
  };
}

function userOf({ user }: RunJob, premises: Premises): Identity {
  const root = process.getuid?.() === 0;
  if (user === null && !root) return { root: false };
  if (user !== null && root && mayRun(user.uid, premises) && user.gid === user.uid) {
    return { root: true, ...user };
  }
  const said = user === null ? 'none' : `${user.uid}:${user.gid}`;
  throw refused(
    'the user of a run',
    said,
    'the user and group, of one number, of an agent of this instance',
  );
}

/** Whose user is to be made; throws a Failure where it is no agent's of this instance. */
export function ownerOf(word: string, { instance }: Premises): Owner {
  const owner = parseOwner(word);
  if (owner.instance === instance) return owner;
  throw refused('a user', word, `an agent of ${instance ?? 'the instance without a name'}`);
}

/** An agent's user with the groups that it really has; throws a Failure for anybody else. */
export function triedAs(user: { name: string; uid: number }): TryUser {
  if (!mayTry(user.uid)) throw refused('the user of a try', `${user.uid}`, 'an agent’s own user');
  return { ...user, gid: user.uid, groups: groupsOf(userName(user.uid)), mount: true };
}

/** A folder at its place, no link on the way; `uid`: whose it must be. */
function folderAt(
  premises: Premises,
  name: keyof typeof places,
  path: string,
  uid: number | undefined,
): string {
  const real = inRoot(premises, path, places[name]);
  const found = statOf(real);
  if (!found?.isDirectory()) throw refused(`the ${name} of a run`, path, 'a folder');
  if (uid !== undefined && found.uid !== uid) {
    throw refused(`the ${name} of a run`, path, `a folder of the run’s user ${uid}`);
  }
  return real;
}

function socketAt(premises: Premises, path: string): string {
  const real = inRoot(premises, path, places.gateway);
  if (statOf(real)?.isSocket()) return real;
  throw refused('the gateway of a run', path, 'a unix socket');
}

/** ROOT with its links resolved, and below it exactly what was said. */
function inRoot({ root, real }: Premises, path: string, form: RegExp): string {
  const base = [root, real].find((one) => path.startsWith(`${one}/`));
  const rest = base === undefined ? '' : path.slice(base.length + 1);
  const resolved = `${real}/${rest}`;
  if (form.test(rest) && orNull(() => realpathSync(resolved)) === resolved) return resolved;
  throw refused('a path of a run', path, `${form.source} below ${root}, without a link`);
}

/** Tools of build checks may be anywhere that only root, or who launches, can write. */
function toolsAt(path: string): string {
  const real = orNull(() => realpathSync(path));
  const trusted = real !== null && basename(real) === 'node_modules' && ownAll(real);
  if (trusted) return real;
  throw refused('the tools of a run', path, 'a folder node_modules that root alone can write');
}

function ownAll(path: string): boolean {
  const found = statOf(path);
  const owners = [0, process.getuid?.()];
  if (!found?.isDirectory() || !owners.includes(found.uid)) return false;
  const closed = (found.mode & 0o022) === 0 || (found.mode & 0o1000) !== 0;
  return closed && (path === '/' || ownAll(dirname(path)));
}

/** Workspace, inbox and receipts of a run are one agent's. */
function oneAgent(folders: (string | null)[]): void {
  const named = folders.filter((one) => one !== null).map((one) => basename(one));
  if (new Set(named).size > 1) throw refused('the folders of a run', named.join(), 'one agent’s');
}

const statOf = (path: string): Stats | null => orNull(() => lstatSync(path));

function refused(what: string, input: string, expected: string): Failure {
  const message = `the launcher does not give this: ${what}`;
  return new Failure('launcher-refused', { message, step: 'launcher', input, expected });
}
