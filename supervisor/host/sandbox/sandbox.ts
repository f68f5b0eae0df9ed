import { basename } from 'node:path';
import type { Programs } from '../process/programs.ts';
import { firstProcess, GATEWAY_SOCKET } from './bridge.ts';
import { type Identity, RUN_USER } from './identity.ts';
import { seccompProgram } from './seccomp.ts';

/**
 * What a run sees (contract, section 5), as bubblewrap's arguments. Pure: runs nothing.
 *
 * As root, bubblewrap would keep every capability, and a run could remount /runtime writable and
 * change the release. So it keeps only what setpriv needs to become the run's user, and setpriv
 * drops these too. As an ordinary user a user namespace does it. Inside, both look the same.
 */
export interface SandboxSpec {
  programs: Programs;
  identity: Identity;
  /** The release's folder, resolved (never `current`); for build checks the private copy. */
  runtime: string;
  /** Only for build checks, on a private copy. */
  runtimeWritable: boolean;
  /** Its content appears read-only as /runtime/node_modules, which the runtime's folder has. */
  deps: string | null;
  /** Build checks only: at /tools/node_modules, with its .bin first on PATH. */
  tools: string | null;
  workspace: string | null;
  inbox: string | null;
  receipts: string | null;
  /** A unix socket, bridged to 127.0.0.1 inside. */
  gateway: string | null;
  environment: Record<string, string>;
  /** A leading `node` is the bound interpreter. */
  command: string[];
}

/** Named node_modules, so that one tool finds another there. */
const tools = '/tools/node_modules';

/** File descriptors that bubblewrap reads from or writes to; `feeds` fills those it reads. */
export const STATUS_FD = 4;
const firstFeed = 6;

/** Where programs from outside /usr are, the interpreter first of all. */
const own = '/opt/airlock/bin';
const parents = ['/etc', '/etc/ssl', '/home', '/opt', '/opt/airlock', own, '/run'];
const home = '/home/agent';
const MiB = 1024 * 1024;

/** The whole command line. `confine` hands the options over by a file descriptor instead. */
export function sandboxArgv(spec: SandboxSpec): string[] {
  return [spec.programs.bwrap, ...sandboxOptions(spec), '--', ...sandboxCommand(spec)];
}

/** bubblewrap's options: namespaces, mounts, environment. */
export function sandboxOptions(spec: SandboxSpec): string[] {
  return [
    ...namespaces(spec.identity),
    ...system(spec.programs),
    ...etc(spec),
    ...scratch(),
    ...mounts(spec),
    ...['--remount-ro', '/', '--chdir', '/runtime'],
    ...environment(spec),
    // Read last, after the files of /etc.
    ...(seccompProgram(process.arch) === null
      ? []
      : ['--seccomp', `${firstFeed + feeds(spec.identity).length}`]),
  ];
}

/** What bubblewrap starts: the drop to the run's user, the bridge, then the command. */
export function sandboxCommand(spec: SandboxSpec): string[] {
  const { programs, identity } = spec;
  const [first, ...rest] = spec.command;
  if (first === undefined) throw new TypeError('a sandbox needs a command');
  const command = [first === 'node' ? `${own}/node` : first, ...rest];
  const socat = spec.gateway === null ? null : seen(programs.socat);
  const start = firstProcess(seen(programs.sh), socat, command);
  return identity.root ? [...drop(programs, identity), ...start] : start;
}

/** Generated files of /etc, in the order of their file descriptors from 6 on. */
export function feeds(identity: Identity): { path: string; text: string }[] {
  const id = identity.root ? identity.uid : RUN_USER;
  return [
    { path: '/etc/passwd', text: `agent:x:${id}:${id}::${home}:/bin/sh\n` },
    { path: '/etc/group', text: `agent:x:${id}:\n` },
    { path: '/etc/hosts', text: '127.0.0.1 localhost\n' },
    { path: '/etc/nsswitch.conf', text: 'passwd: files\ngroup: files\nhosts: files\n' },
  ];
}

function namespaces(identity: Identity): string[] {
  const user = identity.root
    ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'].concat(
        '--cap-add',
        'CAP_SETPCAP',
      )
    : ['--unshare-user', '--uid', `${RUN_USER}`, '--gid', `${RUN_USER}`, '--cap-drop', 'ALL'];
  return [
    ...user,
    ...['--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup'],
    ...['--hostname', 'agent', '--die-with-parent', '--new-session'],
    ...['--json-status-fd', `${STATUS_FD}`],
  ];
}

function drop(programs: Programs, identity: { uid: number; gid: number }): string[] {
  return [
    ...[seen(programs.setpriv), '--reuid', `${identity.uid}`, '--regid', `${identity.gid}`],
    ...['--clear-groups', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'],
  ];
}

function system(programs: Programs): string[] {
  const roots = programs.system.roots.flatMap(({ path, to }) =>
    to === null ? ['--ro-bind', path, path] : ['--symlink', to, path],
  );
  const others = [programs.socat, programs.setpriv, programs.sh].filter((one) => !inSystem(one));
  return [
    // The parents that bubblewrap makes by itself are closed to all but root.
    ...parents.flatMap((path) => ['--perms', '0755', '--dir', path]),
    ...['--ro-bind', '/usr', '/usr', ...roots, '--proc', '/proc', '--dev', '/dev'],
    ...['--ro-bind', programs.node, `${own}/node`],
    ...others.flatMap((one) => ['--ro-bind', one, seen(one)]),
  ];
}

function etc({ programs, identity }: SandboxSpec): string[] {
  const bound = programs.system.etc.flatMap((path) => ['--ro-bind', path, path]);
  const made = feeds(identity).flatMap(({ path }, at) => [
    ...['--perms', '0444', '--file', `${firstFeed + at}`, path],
  ]);
  return [...bound, ...made];
}

/** Sticky and open to all: bubblewrap's own are root's, whom a run is not. */
function scratch(): string[] {
  const tmpfs = (path: string, size: number) => [
    ...['--size', `${size}`, '--perms', '1777', '--tmpfs', path],
  ];
  return [...tmpfs('/tmp', 512 * MiB), ...tmpfs(home, 64 * MiB), ...tmpfs('/dev/shm', 64 * MiB)];
}

/** bubblewrap mounts every bind nosuid and nodev. */
function mounts(spec: SandboxSpec): string[] {
  const bind = (how: string, from: string | null, to: string) =>
    from === null ? [] : [how, from, to];
  return [
    ...bind(spec.runtimeWritable ? '--bind' : '--ro-bind', spec.runtime, '/runtime'),
    ...bind('--ro-bind', spec.deps, '/runtime/node_modules'),
    ...(spec.tools === null ? [] : ['--perms', '0755', '--dir', '/tools']),
    ...bind('--ro-bind', spec.tools, tools),
    ...bind('--bind', spec.workspace, '/workspace'),
    ...bind('--bind', spec.inbox, '/inbox'),
    ...bind('--ro-bind', spec.receipts, '/receipts'),
    ...bind('--ro-bind', spec.gateway, GATEWAY_SOCKET),
  ];
}

function environment(spec: SandboxSpec): string[] {
  const path = [...(spec.tools === null ? [] : [`${tools}/.bin`]), own, '/usr/bin', '/bin'];
  const fixed = { PATH: path.join(':'), HOME: home, LANG: 'C.UTF-8', TZ: 'UTC', USER: 'agent' };
  const all = Object.entries({ ...fixed, ...spec.environment, PATH: fixed.PATH });
  return ['--clearenv', ...all.flatMap(([name, value]) => ['--setenv', name, value])];
}

function inSystem(program: string): boolean {
  return /^\/(usr|bin|sbin)\//.test(program);
}

/** Where a program of the host is inside. */
function seen(program: string): string {
  return inSystem(program) ? program : `${own}/${basename(program)}`;
}
