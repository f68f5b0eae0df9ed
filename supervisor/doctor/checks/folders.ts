import { kindOf } from '../../host/files/files.ts';
import { lookAt } from '../../host/files/records.ts';
import { bad, type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** ROOT is there, and nobody but us can write where only we may. */
export function folders({ layout, blank, hostInstall }: Ground): Finding[] {
  if (blank) {
    const message = `nothing was started in ${layout.root} yet`;
    return [bad(message, 'Start it: `airlock start` makes what is missing.')];
  }
  const needed = [layout.releases, layout.inboxes, layout.state, layout.control, layout.switches];
  const missing = needed.filter((one) => kindOf(one) !== 'folder');
  const remedy = 'Start the daemon once: it makes what is missing.';
  const found = missing.map((one) => bad(`${one} is not a folder`, remedy));
  const open = guarded(layout).flatMap((folder) =>
    writableByOthers(folder, hostInstall && folder === layout.switches),
  );
  const all = [...found, ...open];
  return all.length > 0 ? all : [good('every folder is there, and ours')];
}

/** Where one byte of an agent would be a way around the boundary. */
function guarded(layout: Ground['layout']): string[] {
  return [layout.root, layout.releases, layout.state, layout.switches, layout.staging];
}

function writableByOthers(folder: string, meant: boolean): Finding[] {
  const found = lookAt(folder);
  if (found === null || !found.isDirectory()) return [];
  if ((found.mode & 0o002) !== 0) {
    return [bad(`anybody can write ${folder}`, `chmod o-w ${folder}`)];
  }
  // On a host that group is the operators': they halt by it.
  if ((found.mode & 0o020) === 0 || meant) return [];
  return [
    warn(`its group can write ${folder}`, `chmod g-w ${folder}, unless only operators are in it`),
  ];
}
