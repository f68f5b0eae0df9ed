import { kindOf, listFolder } from '../../host/files/files.ts';
import { sharedPaths, versionsIn } from '../../install/package.ts';
import { hostPlace } from '../../install/place.ts';
import { uninstallPlan } from '../../install/plan.ts';
import { type Call, flag, type Result, text } from '../call.ts';
import { carried, mustBeAble } from './install.ts';

/** Take this instance off the host; the program goes with the last one. */
export async function verb(call: Call): Promise<Result> {
  const place = hostPlace(text(call, 'prefix') ?? '', call.place.instance);
  await mustBeAble(place, flag(call, 'dryRun'));
  const left = {
    others: otherInstances(place.tmpfiles).length > 0,
    versions: versionsIn(place.base),
    purge: flag(call, 'purge'),
  };
  return carried(call, uninstallPlan(place, sharedPaths, left));
}

/** Every instance has a tmpfiles snippet of its own. */
function otherInstances(own: string): string[] {
  const folder = own.slice(0, own.lastIndexOf('/'));
  const names = listFolder(folder).filter((name) => /^airlock(-[a-z0-9]+)?\.conf$/.test(name));
  return names.filter(
    (name) => `${folder}/${name}` !== own && kindOf(`${folder}/${name}`) === 'file',
  );
}
