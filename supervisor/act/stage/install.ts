import type { Outcome, Step } from '../../model/step.ts';
import type { World } from '../world.ts';

/** Install what the lock file of a release names, once per lock file. */
export async function dependencies(world: World, step: Step & { do: 'deps' }): Promise<Outcome> {
  const { programs } = world;
  const { limits } = world.policy().policy;
  const { release, digest } = step;
  const result = await world.threads.run('installDeps', { release, digest, limits, programs });
  return result.kind === 'refused' ? { of: 'no-deps', reasons: result.reasons } : { of: 'deps' };
}
