import { instancesOn } from '../../install/instances.ts';
import { shared, versionsIn } from '../../install/package.ts';
import { uninstallPlan } from '../../install/plan.ts';
import { type Call, flag, type Result } from '../call.ts';
import { carried, hostOf, mustBeAble } from './install.ts';

/** Take this instance off the host; the program goes with the last one. */
export async function verb(call: Call): Promise<Result> {
  const place = hostOf(call);
  await mustBeAble(place, 'uninstall', flag(call, 'dryRun'));
  const purge = flag(call, 'purge');
  const left = {
    others: instancesOn(place).filter((one) => one !== place.instance),
    versions: versionsIn(place.base),
    purge,
  };
  const kept = `Kept: ${place.policyFolder}, ${place.root}, the users (--purge removes them).`;
  return carried(call, uninstallPlan(place, shared, left), purge ? '' : kept);
}
