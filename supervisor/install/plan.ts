import { join } from 'node:path';
import type { HostPlace } from './place.ts';
import { onHost } from './place.ts';
import { sysusersText, tmpfilesText } from './snippets.ts';
import { unitFiles } from './units.ts';

/**
 * What is to be done on a host, as data: it is printed as it is done. Each step may be done again;
 * what is there already is left as it is.
 */
export type InstallStep =
  | { do: 'folder'; path: string; mode: number }
  /** A copy of the unpacked package, whole or not there. */
  | { do: 'program'; from: string; to: string }
  /** Packed dependencies of the runtime that comes along. */
  | { do: 'deps'; from: string; to: string }
  | { do: 'file'; path: string; text: string; mode: number; keep?: 'as it is' }
  /** A relative symbolic link, moved by one rename. */
  | { do: 'link'; path: string; to: string }
  | { do: 'users'; from: string }
  | { do: 'modes'; from: string }
  | { do: 'reload' }
  | { do: 'enable' | 'start' | 'stop' | 'disable'; units: readonly string[] }
  | { do: 'remove'; path: string }
  /** `agentsOf`: the instance whose agents' users go; null: the one without a name. */
  | { do: 'remove users'; agentsOf: string | null; groups: readonly string[] };

/** An unpacked package, as it describes itself. */
export interface Package {
  folder: string;
  version: string;
  /** Packed dependencies of the runtime in it: digest of the lock file to path. */
  deps: Record<string, string>;
  /** Completions, the man page: where in share/ to what on the host. */
  shared: Record<string, string>;
}

export interface Wish {
  /** The policy to begin with, where the host has none; and files beside it. */
  policy: Record<string, string>;
  start: boolean;
}

/** Generated files of a host and where they go: what install writes and uninstall removes. */
function generated(place: HostPlace): Record<string, string> {
  const units = Object.entries(unitFiles(place)).map(
    ([name, text]) => [join(place.units, name), text] as const,
  );
  return {
    [place.sysusers]: sysusersText,
    [place.tmpfiles]: tmpfilesText(place),
    ...Object.fromEntries(units),
  };
}

/** Steps that make this package the program of a host; with a prefix nothing is run. */
export function installPlan(place: HostPlace, from: Package, wish: Wish): InstallStep[] {
  const real = place.prefix === '';
  const version = join(place.base, from.version);
  const file = (path: string, text: string): InstallStep => ({
    ...{ do: 'file', path, text, mode: 0o644 },
  });
  const folder = (path: string, mode = 0o755): InstallStep => ({ do: 'folder', path, mode });
  const deps = Object.entries(from.deps).map(([digest, path]): InstallStep => {
    return { do: 'deps', from: path, to: join(place.root, 'deps', digest) };
  });
  const shared = Object.keys(from.shared).map((path) => join(place.share, path));
  return [
    folder(place.base),
    { do: 'program', from: from.folder, to: version },
    { do: 'link', path: join(place.base, 'current'), to: from.version },
    { do: 'link', path: place.command, to: '../lib/airlock/current/bin/airlock' },
    ...shared.map((path, at): InstallStep => {
      const source = join(place.base, 'current/share', Object.values(from.shared)[at] as string);
      return { do: 'link', path, to: onHost(place, source) };
    }),
    ...Object.entries(generated(place)).map(([path, text]) => file(path, text)),
    folder(place.policyFolder),
    folder(join(place.policyFolder, 'keys'), 0o700),
    ...Object.entries(wish.policy).map(
      ([path, text]): InstallStep => ({ ...file(path, text), keep: 'as it is' }) as InstallStep,
    ),
    ...(real
      ? ([
          { do: 'users', from: place.sysusers },
          { do: 'modes', from: place.tmpfiles },
          ...deps,
          { do: 'reload' },
          { do: 'enable', units: place.services },
          ...(wish.start ? [{ do: 'start', units: place.services }] : []),
        ] as InstallStep[])
      : [folder(join(place.root, 'deps')), ...deps]),
  ];
}

export interface Left {
  /** Other instances are installed: the program and what they share stay. */
  others: boolean;
  /** Versions of the program that are there. */
  versions: readonly string[];
  purge: boolean;
}

/** Steps that take this instance off a host again; agents' files and state stay without `purge`. */
export function uninstallPlan(place: HostPlace, shared: string[], left: Left): InstallStep[] {
  const real = place.prefix === '';
  const remove = (path: string): InstallStep => ({ do: 'remove', path });
  const units = Object.keys(unitFiles(place)).map((name) => join(place.units, name));
  const [launcher, supervisor] = place.services;
  const last = !left.others;
  const own = place.instance === null ? units : last ? units : [];
  return [
    ...(real
      ? ([
          { do: 'stop', units: [supervisor, launcher] },
          { do: 'disable', units: [supervisor, launcher] },
        ] as InstallStep[])
      : []),
    ...own.map(remove),
    remove(place.tmpfiles),
    ...(last
      ? [
          ...shared.map((path) => remove(join(place.share, path))),
          remove(place.command),
          ...(left.purge ? [remove(place.sysusers)] : []),
          // `current` first: nothing starts from half a program.
          ...['current', 'previous'].map((name) => remove(join(place.base, name))),
          remove(place.base),
        ]
      : []),
    ...(real ? [{ do: 'reload' } as InstallStep] : []),
    ...(left.purge ? purged(place, last) : []),
  ];
}

function purged(place: HostPlace, last: boolean): InstallStep[] {
  const real = place.prefix === '';
  const policy = last ? place.policyFolder : place.policy;
  return [
    { do: 'remove', path: place.root },
    { do: 'remove', path: policy },
    ...(real
      ? [
          {
            do: 'remove users',
            agentsOf: place.instance,
            groups: last ? ['airlock', 'airlock-operators'] : [],
          } as InstallStep,
        ]
      : []),
  ];
}

/** A step in a line for people. */
export function describe(step: InstallStep): string {
  switch (step.do) {
    case 'folder':
      return `folder   ${step.path}`;
    case 'program':
      return `program  ${step.to}`;
    case 'deps':
      return `deps     ${step.to}`;
    case 'file':
      return `file     ${step.path}`;
    case 'link':
      return `link     ${step.path} -> ${step.to}`;
    case 'users':
      return `users    as ${step.from} says`;
    case 'modes':
      return `folders  as ${step.from} says`;
    case 'reload':
      return 'systemd  reads its units again';
    case 'remove':
      return `remove   ${step.path}`;
    case 'remove users':
      return `remove   users of agents${step.groups.map((one) => `, ${one}`).join('')}`;
    default:
      return `${step.do.padEnd(8)} ${step.units.join(' ')}`;
  }
}
