import { dirname } from 'node:path';
import type { Layout } from '../model/layout.ts';

/** A user that runs are started as. */
export interface AgentUser {
  /** As it is called, for people. */
  name: string;
  uid: number;
  gid: number;
  /** Further groups of the user. */
  groups: number[];
}

/** What the audit has to know of an installation. */
export interface Install {
  layout: Layout;
  policyFile: string;
  /** Folder of the supervisor's scenarios; null: there is no policy to name it. */
  suite: string | null;
  /** What policy names to be run or mounted: build tools, the source of a first release. */
  named: { trees: string[]; programs: string[] };
  /** Folders of the program: whole trees. */
  program: string[];
  /** How the service manager comes to it: `/usr/bin/airlock`, `current`. */
  ways: string[];
  /** Interpreter, bubblewrap, setpriv, socat, sh, git, ...: absolute. */
  programs: string[];
  /** Folders in which programs are looked for by name. */
  search: string[];
  /** Unit files, their drop-in folders, and folders in which one more would be one. */
  units: { files: string[]; folders: string[]; trees: string[] };
  /** Releases that runs start from, or are about to; ids. */
  releases: string[];
  /** Names in `deps/` that these use. */
  deps: string[];
  agents: { agent: string; uid: number; gid: number }[];
  /** Whoever is tried. */
  users: AgentUser[];
  /** Whose files may be on the path; the first of them should own what is somebody else’s. */
  trusted: { root: number[]; elsewhere: number[] };
  /** The operators' group; null: there is none. */
  operators: number | null;
}

/** A place on the invocation path. */
export interface Place {
  path: string;
  /** What it is, for people. */
  part: string;
  /**
   * file: itself and the way to it; folder: also what may be put into it; tree: also everything
   * below; program: also its libraries.
   */
  as: 'file' | 'folder' | 'tree' | 'program';
  /** Operators may write it; `sticky`: and not each other's files. */
  shared?: 'operators' | 'sticky';
  /** It is one of many alike, this agent's. */
  agent?: string;
  /** It belongs to this user, who alone may write it. */
  owner?: number;
}

/** The whole chain, from the service manager to the first line of a run. */
export function pathOf(install: Install): Place[] {
  return [
    ...beforeStart(install),
    ...programsOf(install),
    ...ruled(install),
    ...releasesOf(install),
    ...records(install.layout),
    ...agentsOf(install),
  ];
}

function beforeStart({ units, ways }: Install): Place[] {
  return [
    ...units.folders.map((path) => at(path, 'unit folder', 'folder')),
    ...units.trees.map((path) => at(path, 'drop-in folder', 'tree')),
    ...units.files.map((path) => at(path, 'unit file', 'file')),
    ...ways.map((path) => at(path, 'way to the program', 'file')),
    // What every program is loaded with, and whom a user's name stands for.
    ...['/etc/ld.so.preload', '/etc/ld.so.cache', '/etc/ld.so.conf'].map((path) =>
      at(path, 'loader configuration', 'file'),
    ),
    at('/etc/ld.so.conf.d', 'loader configuration', 'tree'),
    at('/etc/passwd', 'list of users', 'file'),
    at('/etc/group', 'list of users', 'file'),
  ];
}

function programsOf({ program, programs, search }: Install): Place[] {
  return [
    ...search.map((path) => at(path, 'folder of programs', 'folder')),
    ...program.map((path) => at(path, 'program', 'tree')),
    ...programs.map((path) => at(path, 'program that it starts', 'program')),
  ];
}

function ruled({ policyFile, suite, named }: Install): Place[] {
  return [
    ...named.trees.map((path) => at(path, 'named by policy', 'tree')),
    ...named.programs.map((path) => at(path, 'named by policy', 'program')),
    at(policyFile, 'policy file', 'file'),
    at(dirname(policyFile), 'folder of the policy file', 'folder'),
    ...(suite === null ? [] : [at(suite, 'smoke suite', 'tree')]),
  ];
}

function releasesOf({ layout, releases, deps }: Install): Place[] {
  return [
    at(layout.root, 'ROOT', 'folder'),
    at(layout.releases, 'releases', 'folder'),
    at(layout.current, 'current', 'file'),
    ...releases.map((id) => at(layout.release(id), 'release', 'tree')),
    at(layout.deps, 'dependencies', 'folder'),
    ...deps.map((name) => at(`${layout.deps}/${name}`, 'dependencies', 'tree')),
  ];
}

function records(layout: Layout): Place[] {
  const journal = ['', '-wal', '-shm'].map((end) => `${layout.journal}${end}`);
  return [
    at(layout.state, 'state', 'folder'),
    ...journal.map((path) => at(path, 'journal', 'file')),
    at(layout.history, 'history', 'folder'),
    at(layout.traces, 'traces', 'folder'),
    at(layout.intake, 'sealed intake', 'folder'),
    at(layout.staging, 'staging', 'folder'),
    at(layout.incidents, 'incidents', 'folder'),
    at(layout.runs, 'sockets of runs', 'folder'),
    { ...at(layout.switches, 'switches', 'folder'), shared: 'operators' },
    { ...at(layout.control, 'control folder', 'folder'), shared: 'sticky' },
  ];
}

/** Whose folders these are is decided here, and not by whoever may move them. */
function agentsOf({ layout, agents }: Install): Place[] {
  return [
    at(layout.inboxes, 'inboxes', 'folder'),
    at(layout.workspaces, 'workspaces', 'folder'),
    at(dirname(layout.receipts('any')), 'receipts', 'folder'),
    ...agents.flatMap(({ agent, uid }) => [
      { ...at(layout.inbox(agent), `inbox of ${agent}`, 'folder'), agent, owner: uid },
      { ...at(layout.workspace(agent), `workspace of ${agent}`, 'folder'), agent, owner: uid },
      { ...at(layout.receipts(agent), `receipts of ${agent}`, 'folder'), agent },
    ]),
  ];
}

const at = (path: string, part: string, as: Place['as']): Place => ({ path, part, as });
