import { readPackage } from '../../install/package.ts';
import { installPlan } from '../../install/plan.ts';
import { type Call, type Result, usage } from '../call.ts';
import { packageFolder } from '../place.ts';
import { carried, hostOf, mustBeAble } from './install.ts';

/** The part of an upgrade that only the version itself knows: its units, links and folders. */
export async function verb(call: Call): Promise<Result> {
  const place = hostOf(call);
  await mustBeAble(place, 'upgrade', null);
  const folder = packageFolder(import.meta.dirname);
  if (folder === null) throw usage('this is a checkout, not a package');
  const plan = installPlan(place, readPackage(folder), { policy: {}, start: false });
  // Whether it is enabled is its operator's matter.
  return carried(
    call,
    plan.filter((step) => step.do !== 'enable'),
    '',
  );
}
