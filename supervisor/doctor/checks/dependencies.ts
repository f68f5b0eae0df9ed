import { kindOf } from '../../host/files/files.ts';
import { bad, type Finding, good } from '../finding.ts';
import type { Ground } from '../ground.ts';
import { wayBack } from '../way-back.ts';

/** What the current release needs is installed. */
export function dependencies(ground: Ground): Finding[] {
  const { layout, state, current } = ground;
  const release = state().releases.get(current() ?? '');
  if (release === undefined || release.deps === null)
    return [good('current needs no dependencies')];
  const folder = `${layout.deps}/${release.deps}`;
  if (kindOf(folder) === 'folder') return [good('the dependencies of current are installed')];
  const remedy = `Restart the daemon: it installs them. Or: ${wayBack(ground)}`;
  return [bad(`the dependencies of current are gone: ${folder}`, remedy)];
}
