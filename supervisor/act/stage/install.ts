import type { Outcome, Step } from '../../model/step.ts';
import type { World } from '../world.ts';

/** Install what the lock file of a release names, once per lock file. */
export async function dependencies(
  world: World,
  step: Step & { do: 'deps' },
  signal: AbortSignal,
): Promise<Outcome> {
  const { programs } = world;
  const { limits } = world.policy().policy;
  const { release, digest } = step;
  const request = { release, digest, limits, programs };
  const result = await world.threads.run('installDeps', request, signal);
  return result.kind === 'refused' ? { of: 'no-deps', reasons: result.reasons } : { of: 'deps' };
}
