import type { Offers } from '../../model/offers.ts';
import { cgroupAbilities } from '../cgroup/abilities.ts';
import { type GroupGround, readyGroups } from '../cgroup/ground.ts';
import { type Confine, confine } from '../sandbox/confine.ts';
import { askLauncher, launcherAt } from './client.ts';

/** How runs start, and what the host offers them. */
export interface Port {
  confine: Confine;
  offers: () => Promise<Offers>;
}

/**
 * Through the launcher behind this socket; without one runs start from this process, in groups of
 * their own where `AIRLOCK_CGROUP` names one.
 */
export async function openPort(launcher: string | null): Promise<Port> {
  if (launcher !== null) {
    const offers = async () => (await askLauncher(launcher, { job: 'offers' })) as Offers;
    return { confine: launcherAt(launcher), offers };
  }
  const ground = await readyGroups(process.env.AIRLOCK_CGROUP, false);
  return {
    confine: (spec, limits) => confine(spec, limits, ground),
    offers: async () => offersOf(ground, false),
  };
}

/** `users`: each agent's runs are a user of its own. */
export function offersOf(ground: GroupGround | null, users: boolean): Offers {
  const plots = ground?.plots ?? [];
  const has = (one: string) => plots.some(({ controls }) => (controls as string[]).includes(one));
  const freeze = has('freezer') || plots.some(({ version }) => version === 2);
  const limits = (['memory', 'pids', 'cpu'] as const).filter(has);
  return {
    cgroups: cgroupAbilities().kind,
    groups: plots.length > 0,
    abilities: [
      ...limits,
      ...(freeze ? ['freeze' as const] : []),
      ...(users ? ['users' as const] : []),
    ],
  };
}
