import { accessSync, constants, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure, type Reason, type ReasonCode, reason } from '../../model/reason.ts';
import { orNull } from '../files/files.ts';

/** Absolute paths on the host of what a run and the supervisor need. */
export interface Programs {
  bwrap: string;
  socat: string;
  setpriv: string;
  sh: string;
  /** The interpreter of a run: the one that runs the supervisor, links resolved. */
  node: string;
  git: string;
  /** Needed only to install dependencies that are not in `deps/` yet. */
  npm: string | null;
  /** How this host lays out what programs start from. */
  system: SystemPaths;
}

/** Paths outside `/usr` that programs need to start, as they are on this host. */
export interface SystemPaths {
  /** `/bin`, `/lib64`, ...: a link to somewhere in `/usr`, or a folder of its own (`to: null`). */
  roots: { path: string; to: string | null }[];
  /** Files and folders of `/etc` that exist here. */
  etc: string[];
}

const needed = {
  bwrap: 'missing-bubblewrap',
  socat: 'missing-socat',
  setpriv: 'missing-setpriv',
  git: 'missing-git',
  sh: 'host-failed',
  sync: 'host-failed',
} as const satisfies Record<string, ReasonCode>;

/**
 * Find every program on a search path. Throws a Failure whose code names the first that is
 * missing (`missing-bubblewrap`, ...) and whose `actual` names all: nothing runs without them.
 */
export function findPrograms(path = process.env.PATH ?? ''): Programs {
  const missing = missingPrograms(path);
  const first = missing[0];
  if (first !== undefined) throw new Failure(first.code, first);
  return {
    bwrap: mustFind('bwrap', path),
    socat: mustFind('socat', path),
    setpriv: mustFind('setpriv', path),
    sh: mustFind('sh', path),
    node: realpathSync(process.execPath),
    git: mustFind('git', path),
    npm: find('npm', path),
    system: { roots: systemRoots(), etc: etcPaths.filter((one) => exists(one)) },
  };
}

/** What is missing on this host, each with how to install it; for `doctor` too. */
export function missingPrograms(path = process.env.PATH ?? ''): Reason[] {
  const names = Object.keys(needed) as (keyof typeof needed)[];
  const missing = names.filter((name) => find(name, path) === null);
  return missing.map((name) =>
    reason(needed[name], {
      message: `${name} is not installed: no run can start without it`,
      step: 'find programs',
      input: name,
      expected: `an executable ${name} on PATH`,
      actual: `missing: ${missing.join(', ')}; PATH=${path}`,
    }),
  );
}

function mustFind(name: string, path: string): string {
  const found = find(name, path);
  if (found === null) throw new Failure('host-failed', { message: `${name}: gone`, step: 'find' });
  return found;
}

/** The first executable of this name; the sbin folders too, which a user's PATH may lack. */
function find(name: string, path: string): string | null {
  const folders = [...path.split(delimiter), '/usr/sbin', '/sbin'].filter((one) => one !== '');
  return folders.map((folder) => join(folder, name)).find((file) => executable(file)) ?? null;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return lstatSync(realpathSync(file)).isFile();
  } catch {
    // Not there or not ours to run: to a search these are the same.
    return false;
  }
}

const etcPaths = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
] as const;

function systemRoots(): SystemPaths['roots'] {
  return ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
    .filter((path) => exists(path))
    .map((path) => ({
      path,
      to: lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null,
    }));
}

function exists(path: string): boolean {
  return orNull(() => lstatSync(path)) !== null;
}
