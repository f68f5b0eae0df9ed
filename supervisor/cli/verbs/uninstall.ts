import { dirname } from 'node:path';
import { listFolder } from '../../host/files/files.ts';
import { shared, versionsIn } from '../../install/package.ts';
import type { HostPlace } from '../../install/place.ts';
import { uninstallPlan } from '../../install/plan.ts';
import { type Call, flag, type Result } from '../call.ts';
import { carried, hostOf, mustBeAble } from './install.ts';

/** Take this instance off the host; the program goes with the last one. */
export async function verb(call: Call): Promise<Result> {
  const place = hostOf(call);
  await mustBeAble(place, flag(call, 'dryRun'));
  const purge = flag(call, 'purge');
  const left = { others: othersOn(place), versions: versionsIn(place.base), purge };
  const kept = `Kept: ${place.policyFolder}, ${place.root}, the users (--purge removes them).`;
  return carried(call, uninstallPlan(place, shared, left), purge ? '' : kept);
}

/** Instances but for this one: each has a tmpfiles snippet of its own. */
function othersOn({ tmpfiles, instance }: HostPlace): (string | null)[] {
  const all = listFolder(dirname(tmpfiles)).flatMap((name) => {
    const found = /^airlock(?:-([a-z][a-z0-9]*))?\.conf$/.exec(name);
    return found === null ? [] : [found[1] ?? null];
  });
  return all.filter((one) => one !== instance);
}
