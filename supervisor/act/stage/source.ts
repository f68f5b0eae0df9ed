import { kindOf, readBytes } from '../../host/files/files.ts';
import { findAll, modeOf } from '../../host/files/tree.ts';
import type { Policy } from '../../model/policy.ts';
import { type Reason, type ReasonCode, reason } from '../../model/reason.ts';
import { pathFaults, togetherFaults } from '../intake/paths.ts';
import type { Edit, Edits } from './manifest.ts';

export interface SourceRequest {
  /** Absolute: the policy's `runtime.source`. */
  source: string;
  includes: readonly { from: string; to: string }[];
  limits: Policy['limits']['proposal'];
}

/** Installed packages and version control: no part of a runtime, wherever they are. */
const skipped = new Set(['node_modules', '.git']);

/**
 * What the first release is made of, as edits of nothing. An include that goes elsewhere is moved:
 * `kernel/package.json` to `package.json` is not in `kernel/` too. A symbolic link is a fault.
 */
export function readSource({ source, includes, limits }: SourceRequest): {
  edits: Edits;
  faults: Reason[];
} {
  const edits = new Map<string, Edit>();
  const faults: Reason[] = [];
  const moved = new Set(includes.filter((one) => one.from !== one.to).map((one) => one.from));
  const take = (from: string, to: string, executable: boolean) => {
    const content = readBytes(`${source}/${from}`);
    if (content === null) return;
    edits.set(to, { mode: executable ? '100755' : '100644', content });
  };
  for (const { from, to } of includes) {
    const kind = kindOf(`${source}/${from}`);
    if (kind === 'file') take(from, to, (modeOf(`${source}/${from}`) & 0o100) !== 0);
    else if (kind === 'folder') {
      for (const found of findAll(`${source}/${from}`, '', (name) => !skipped.has(name))) {
        const path = `${from}/${found.path}`;
        if (found.kind === 'other') faults.push(notRegular(path));
        else if (found.kind === 'file' && !moved.has(path)) {
          take(path, `${to}/${found.path}`, (found.mode & 0o100) !== 0);
        }
      }
    } else if (kind === 'absent') {
      faults.push(fault('not-found', 'The source folder lacks what the policy includes', from));
    } else faults.push(notRegular(from));
  }
  const paths = [...edits.keys()];
  faults.push(...paths.flatMap((path) => pathFaults(path, limits, 'stage')));
  faults.push(...togetherFaults(paths, 'stage'));
  return { edits, faults };
}

function notRegular(path: string): Reason {
  return fault('symlink', 'A link or special file in the source folder', path);
}

function fault(code: ReasonCode, message: string, input: string): Reason {
  return reason(code, { message, step: 'stage', input, expected: 'regular files and folders' });
}
