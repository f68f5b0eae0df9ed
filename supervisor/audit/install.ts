import { dirname, join } from 'node:path';
import { kindOf, listFolder } from '../host/files/files.ts';
import { followed } from '../host/files/records.ts';
import { programFolder } from '../host/path/program.ts';
import type { Programs } from '../host/process/programs.ts';
import type { Identities } from '../host/sandbox/identities.ts';
import type { Layout } from '../model/layout.ts';
import { includes, type PolicyInForce } from '../model/policy.ts';
import { policyPath } from '../store/policy.ts';
import type { Install } from './path-of.ts';
import { agentUsers, operatorsGroup, readUsers, supervisorUser, type Users } from './users.ts';

/** What is known of this host, of which the rest is found. */
export interface Given {
  layout: Layout;
  policyFile: string;
  /** null: there is none that is valid. */
  policy: PolicyInForce | null;
  programs: Programs;
  hostInstall: boolean;
  /** Names of agents, and whom their runs drop to. */
  agents: readonly string[];
  identities: Pick<Identities, 'of' | 'has'>;
  /** Releases that runs start from, or are about to. */
  releases: readonly { id: string; deps: string | null }[];
  /** Folders in which programs are looked for. */
  search: readonly string[];
}

/** This installation, as it is on this host now. */
export function installOf(given: Given): Install {
  const { layout, policyFile, policy, hostInstall, releases } = given;
  const users = readUsers();
  const agents = given.agents.filter(given.identities.has).flatMap((agent) => {
    const identity = given.identities.of(agent);
    return identity.root ? [{ agent, uid: identity.uid, gid: identity.gid }] : [];
  });
  return {
    ...{ layout, policyFile, agents },
    suite: policy === null ? null : policyPath(policy, policy.policy.smoke.suite),
    named: namedBy(given),
    ...programOf(hostInstall),
    programs: programsOf(given.programs),
    search: [...new Set(given.search)].filter((path) => path.startsWith('/')),
    units: hostInstall ? units() : { files: [], folders: [], trees: [] },
    releases: releases.map(({ id }) => id),
    deps: [...new Set(releases.flatMap(({ deps }) => deps ?? []))],
    users: agentUsers(agents, users),
    trusted: trusted(hostInstall, users),
    operators: users.groups.find(({ name }) => name === operatorsGroup)?.gid ?? null,
  };
}

/** Policy may name what its own user runs, and what build checks run with. */
function namedBy({ policy, releases }: Given): Install['named'] {
  if (policy === null) return { trees: [], programs: [] };
  const { runtime, notify } = policy.policy;
  const tools = runtime.tools === undefined ? [] : [policyPath(policy, runtime.tools)];
  const source = policyPath(policy, runtime.source);
  // Nothing is made from there once there is a release.
  const first = releases.length > 0 ? [] : includes(policy.policy).map(({ from }) => from);
  const command = notify?.command[0];
  return {
    trees: [...tools, ...first.map((from) => join(source, from))],
    programs: command?.includes('/') ? [policyPath(policy, command)] : [],
  };
}

function programsOf({ bwrap, setpriv, socat, sh, git, node, npm }: Programs): string[] {
  return [bwrap, setpriv, socat, sh, git, node, ...(npm === null ? [] : [npm])];
}

/** A version's folder is all its own; of a checkout only what runs is on the path. */
function programOf(hostInstall: boolean): Pick<Install, 'program' | 'ways'> {
  const folder = programFolder();
  if (!hostInstall) {
    const parts = ['dist', 'supervisor', 'smoke', 'node_modules'].map((one) => join(folder, one));
    return { program: parts.filter((one) => kindOf(one) === 'folder'), ways: [] };
  }
  const links = ['current', 'previous'].map((one) => join(dirname(folder), one));
  const there = links.filter((one) => kindOf(one) === 'link');
  const trees = new Set([folder, ...there.map(followed)]);
  return { program: [...trees], ways: ['/usr/bin/airlock', ...there] };
}

/** Where systemd looks for units and drop-ins (systemd.unit(5)). */
const unitFolders = [
  ...['/etc/systemd/system.control', '/run/systemd/system.control', '/run/systemd/transient'],
  ...['/run/systemd/generator.early', '/etc/systemd/system', '/run/systemd/system'],
  ...['/run/systemd/generator', '/run/systemd/generator.late', '/usr/local/lib/systemd/system'],
  ...['/usr/lib/systemd/system', '/lib/systemd/system'],
];

/** Ours, of every instance, and what is laid over every service. */
const ours = /^(airlock.*|service\.d)$/;

function units(): Install['units'] {
  const folders = unitFolders.filter((one) => kindOf(followed(one)) === 'folder');
  const named = folders.flatMap((folder) =>
    listFolder(folder)
      .filter((name) => ours.test(name))
      .map((name) => join(folder, name)),
  );
  const trees = named.filter((one) => kindOf(one) === 'folder');
  return { folders, trees, files: named.filter((one) => !trees.includes(one)) };
}

/** The first is who should own what somebody else does. */
function trusted(hostInstall: boolean, { users }: Users): Install['trusted'] {
  const root = 0;
  if (!hostInstall) {
    const self = process.getuid?.() ?? root;
    return { root: [self, root], elsewhere: [self, root] };
  }
  const supervisor = users.find(({ name }) => name === supervisorUser)?.uid;
  return { root: supervisor === undefined ? [root] : [supervisor, root], elsewhere: [root] };
}
