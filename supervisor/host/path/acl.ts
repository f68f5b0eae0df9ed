import { execFileSync } from 'node:child_process';
import { errorCode } from '../files/files.ts';

/** No command line is longer than so many paths of the usual length. */
const atOnce = 500;

/**
 * Which of these have an access control list beyond their permission bits. Node cannot read one;
 * `ls` of coreutils marks it with a plus, on every host.
 */
export function withAcl(paths: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (let from = 0; from < paths.length; from += atOnce) {
    const some = paths.slice(from, from + atOnce);
    const lines = list(some) ?? some.map((path) => list([path])?.[0]);
    some.forEach((path, index) => {
      if (lines[index]?.charAt(10) === '+') found.add(path);
    });
  }
  return found;
}

/** In the order asked for, odd names escaped; null: one of them is gone meanwhile. */
function list(paths: readonly string[]): string[] | null {
  const options = { encoding: 'utf8', stdio: 'pipe', env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } };
  const args = ['-ldnbU', '--', ...paths];
  try {
    return execFileSync('ls', args, options as { encoding: 'utf8' }).split('\n');
  } catch (error) {
    if ((error as { status?: unknown }).status === undefined) throw error;
    return null;
  }
}

/** The entries of an ACL that let somebody write, where the host has a tool that can say. */
export function aclText(path: string): string | null {
  try {
    const args = ['--omit-header', '--absolute-names', '--', path];
    const env = { PATH: '/usr/bin:/bin' };
    const options = { encoding: 'utf8', stdio: 'pipe', env } as const;
    const entries = execFileSync('getfacl', args, options).split('\n');
    return entries.filter((line) => /^(default:)?(user|group):[^:]+:.w/.test(line)).join(', ');
  } catch (error) {
    // Not installed, or not on this file system: the finding stands without names.
    if (errorCode(error) === null && !(error instanceof Error)) throw error;
    return null;
  }
}
