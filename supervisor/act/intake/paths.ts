import type { Policy } from '../../model/policy.ts';
import { type Reason, type ReasonCode, reason } from '../../model/reason.ts';

export type ProposalLimits = Policy['limits']['proposal'];

/** Control characters, line separators, and the marks that turn the direction of text around. */
const control = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** What Linux file systems take as one name, bytes. */
const longestName = 255;

/** Every fault of form that one path of a proposal has: nothing of it is looked at on disk. */
export function pathFaults(path: string, limits: ProposalLimits, step: string): Reason[] {
  const faults: Reason[] = [];
  const add = (code: ReasonCode, message: string, expected: string, actual?: string) =>
    faults.push(reason(code, { message, step, input: path, expected, actual: actual ?? null }));
  const parts = path.split('/');
  const length = Buffer.byteLength(path);
  if (path.startsWith('/')) add('path-absolute', 'A path is absolute', 'a relative path');
  else if (parts.some((part) => part === '' || part === '.')) {
    add('malformed', 'A path has an empty part or "."', 'names with one "/" between');
  }
  if (parts.includes('..')) add('path-parent', 'A path has ".."', 'names only');
  if (control.test(path)) add('path-control', 'A path has control characters', 'printable names');
  if (length > limits.path) {
    add('path-too-long', 'A path is too long', `at most ${limits.path} bytes`, `${length} bytes`);
  } else if (parts.some((part) => Buffer.byteLength(part) > longestName)) {
    add('path-too-long', 'A name is too long', `at most ${longestName} bytes a name`);
  }
  if (parts.length - 1 > limits.depth) {
    const actual = `${parts.length - 1} folders`;
    add('too-deep', 'A path is too deep', `at most ${limits.depth} folders`, actual);
  }
  if (parts.some((part) => part.toLowerCase() === '.git')) {
    add('path-outside', 'A path leads into a git folder', 'files of the runtime');
  }
  return faults;
}

/** Faults that paths have together: two of them cannot be, or can be told apart only by case. */
export function togetherFaults(paths: readonly string[], step: string): Reason[] {
  const faults: Reason[] = [];
  const files = new Set<string>();
  const folded = new Map<string, string>();
  const reported = new Set<string>();
  for (const path of paths) {
    if (files.has(path)) faults.push(conflict(path, 'comes twice', step));
    files.add(path);
  }
  for (const path of files) {
    for (const prefix of prefixes(path)) {
      if (prefix !== path && files.has(prefix) && !reported.has(prefix)) {
        reported.add(prefix);
        faults.push(conflict(prefix, 'is both a file and a folder', step));
      }
      const fold = prefix.normalize('NFC').toLowerCase();
      const other = folded.get(fold);
      if (other === undefined) folded.set(fold, prefix);
      else if (other !== prefix && !reported.has(prefix)) {
        reported.add(prefix);
        const message = 'Two paths differ only by case, or by how their letters are composed';
        faults.push(reason('path-case', { message, step, input: prefix, actual: other }));
      }
    }
  }
  return faults;
}

function conflict(path: string, how: string, step: string): Reason {
  return reason('path-conflict', { message: `A path ${how}`, step, input: path });
}

function* prefixes(path: string): Generator<string> {
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    yield path.slice(0, at);
  }
  yield path;
}

/** Faults of paths that are not part of the runtime; `roots` are what a release consists of. */
export function outsideFaults(
  paths: readonly string[],
  roots: readonly string[],
  step: string,
): Reason[] {
  const outside = paths.filter((path) => !isInside(path, roots));
  return outside.map((path) =>
    reason('path-outside', {
      message: 'A path is not part of the runtime',
      step,
      input: path,
      expected: roots.join(', '),
    }),
  );
}

/** A path is one of the roots or below one. */
export function isInside(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(`${root}/`));
}
