import { type CgroupAbilities, cgroupAbilities } from '../../host/cgroup/abilities.ts';
import { type Finding, good, warn } from '../finding.ts';

/** What of a run's memory, processes and time this host lets us limit. Never pretends. */
export function cgroups(): Finding[] {
  return [judge(cgroupAbilities())];
}

export function judge({ kind, delegated, limits, kill }: CgroupAbilities): Finding {
  const missing = ['memory', 'pids', 'cpu'].filter((one) => !limits.includes(one));
  const has = `cgroups ${kind}${kill ? ', kill and freeze' : ''}`;
  if (delegated && missing.length === 0) return good(`${has}; memory, pids and cpu can be limited`);
  const lacks = [
    ...(delegated ? [] : ['no group of our own (not delegated)']),
    ...(missing.length === 0 ? [] : [`no control of ${missing.join(', ')}`]),
  ];
  const message = `${has}: ${lacks.join('; ')}. Runs are bounded by wall clock and output alone`;
  return warn(message, 'Run it as the service (Delegate=yes) on a host with cgroup v2.');
}
