import { join } from 'node:path';
import type { HostPlace } from './place.ts';
import { foldersAbove, onHost, operators, user } from './place.ts';
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
  | { do: 'users'; from: string; names: readonly string[] }
  | { do: 'modes'; from: string }
  | { do: 'reload' }
  | { do: 'enable' | 'start' | 'stop' | 'disable'; units: readonly string[] }
  /** `above`: folders that go along if nothing is left in them. `link`: only what leads there. */
  | { do: 'remove'; path: string; above: readonly string[]; link?: string }
  /** `agentsOf`: the instance whose agents' users go; null: the one without a name. */
  | { do: 'remove users'; agentsOf: string | null; names: readonly string[] };

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

/** Links outside of the program's folder, and where they lead. */
function links(place: HostPlace, shared: Package['shared']): [path: string, to: string][] {
  const share = onHost(place, join(place.base, 'current/share'));
  return [
    [place.command, '../lib/airlock/current/bin/airlock'],
    ...Object.entries(shared).map(([path, from]): [string, string] => [
      ...([join(place.share, path), join(share, from)] as const),
    ]),
  ];
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
  return [
    folder(place.base),
    { do: 'program', from: from.folder, to: version },
    { do: 'link', path: join(place.base, 'current'), to: from.version },
    ...links(place, from.shared).map(([path, to]): InstallStep => ({ do: 'link', path, to })),
    ...Object.entries(generated(place)).map(([path, text]) => file(path, text)),
    folder(place.policyFolder),
    folder(join(place.policyFolder, 'keys'), 0o700),
    ...Object.entries(wish.policy).map(
      ([path, text]): InstallStep => ({ ...file(path, text), keep: 'as it is' }) as InstallStep,
    ),
    ...(real
      ? ([
          { do: 'users', from: place.sysusers, names: [user, operators] },
          { do: 'modes', from: place.tmpfiles },
          ...deps,
          { do: 'reload' },
          { do: 'enable', units: place.services },
          ...(wish.start ? [{ do: 'start', units: place.services }] : []),
        ] as InstallStep[])
      : [folder(place.root), folder(join(place.root, 'deps')), ...deps]),
  ];
}

/** What is on a host beside the instance that goes. */
export interface Left {
  /** Instances that stay; null is the one without a name. The program stays with them. */
  others: readonly (string | null)[];
  /** Versions of the program that are there. */
  versions: readonly string[];
  purge: boolean;
}

/** Steps that take this instance off a host again; policy and state stay without `purge`. */
export function uninstallPlan(
  place: HostPlace,
  shared: Package['shared'],
  left: Left,
): InstallStep[] {
  const real = place.prefix === '';
  const last = left.others.length === 0;
  const units = [...place.services].reverse();
  const filesOf = (instance: string | null) =>
    Object.keys(unitFiles({ instance })).map((name) => join(place.units, name));
  const files = filesOf(place.instance);
  // Templates serve others, too.
  const served = new Set(left.others.flatMap(filesOf));
  const off: InstallStep[] = [
    { do: 'stop', units },
    { do: 'disable', units },
  ];
  return [
    ...(real ? off : []),
    ...files.filter((path) => !served.has(path)).map((path) => removal(place, path)),
    ...(last ? programGone(place, shared, left.versions) : []),
    ...(real ? [{ do: 'reload' } satisfies InstallStep] : []),
    ...(left.purge ? purged(place, last) : []),
    // Last: while it is there, an instance that is half gone counts as one.
    removal(place, place.tmpfiles),
  ];
}

const removal = (place: HostPlace, path: string, link?: string): InstallStep => ({
  ...({ do: 'remove', path, above: foldersAbove(place, path) } as const),
  ...(link === undefined ? {} : { link }),
});

/** Names beside the versions: what leads to them, and what a copy under way is called. */
const beside = ['current', 'previous', 'upgrading', '.unpacked', '.unfinished', '.replaced'];

/** Ways in first: nothing starts from half a program. */
function programGone(
  place: HostPlace,
  shared: Package['shared'],
  versions: readonly string[],
): InstallStep[] {
  const below = [...beside, ...versions];
  return [
    ...links(place, shared).map(([path, to]) => removal(place, path, to)),
    removal(place, place.sysusers),
    ...below.map((name) => removal(place, join(place.base, name))),
  ];
}

function purged(place: HostPlace, last: boolean): InstallStep[] {
  const users: InstallStep = {
    ...{ do: 'remove users', agentsOf: place.instance, names: last ? [user, operators] : [] },
  };
  return [
    removal(place, place.root),
    removal(place, last ? place.policyFolder : place.policy),
    ...(place.prefix === '' ? [users] : []),
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
      return `users    ${step.names.join(' ')}`;
    case 'modes':
      return `folders  as ${step.from} says`;
    case 'reload':
      return 'systemd  reads its units again';
    case 'remove':
      return `remove   ${step.path}`;
    case 'remove users':
      return `remove   ${['users of agents', ...step.names].join(', ')}`;
    default:
      return `${step.do.padEnd(8)} ${step.units.join(' ')}`;
  }
}
