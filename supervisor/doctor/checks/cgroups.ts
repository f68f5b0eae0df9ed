import { cgroupAbilities } from '../../host/cgroup/abilities.ts';
import type { Offers } from '../../model/offers.ts';
import { type HostAbility, hostAbilities } from '../../model/policy.ts';
import { readOffers } from '../../store/offers.ts';
import { bad, type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** What of a run's memory, processes and time is limited here. Never pretends. */
export function cgroups({ layout, loaded }: Ground): Finding[] {
  const required = loaded().policy?.policy.host.require ?? [];
  const nothing: Offers = { cgroups: cgroupAbilities().kind, groups: false, abilities: [] };
  return [judge(readOffers(layout) ?? nothing, required)];
}

/** What each is for, where it is missing. */
const unbounded: Record<HostAbility, string> = {
  memory: 'a run may use all memory (limits.run.memory is not enforced)',
  pids: 'a run may start any number of processes (limits.run.processes is not enforced)',
  cpu: 'a run may use every core (limits.run.cpu is not enforced)',
  freeze: 'what forks while it is killed is chased, not stopped in one go',
  users: 'runs of all agents are one user',
};

export function judge(offers: Offers, required: readonly HostAbility[]): Finding {
  const { cgroups: kind, groups, abilities } = offers;
  const has = `cgroups ${kind}; ${groups ? 'each run in its own' : 'runs have none of their own'}`;
  const missing = hostAbilities.filter((one) => !abilities.includes(one));
  const needed = missing.filter((one) => required.includes(one));
  const details = missing.map((one) => `no ${one}: ${unbounded[one]}`);
  if (needed.length > 0) {
    const message = `${has}; policy host.require names what is not there: ${needed.join(', ')}`;
    return bad(message, 'Give the host what is missing, or take it out of host.require.', details);
  }
  if (missing.length === 0) return good(`${has}; ${abilities.join(', ')}`);
  const remedy = groups
    ? 'The kernel gives none: see /proc/cgroups, and cgroup_disable= where it is booted.'
    : 'Install it as a service: airlock-launcher.service has Delegate=yes.';
  return warn(`${has}; missing: ${missing.join(', ')}`, remedy, details);
}
