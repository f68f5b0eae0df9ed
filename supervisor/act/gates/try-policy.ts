import { lacking } from '../../model/offers.ts';
import { Failure } from '../../model/reason.ts';
import type { SmokeFacts, Step } from '../../model/step.ts';
import { readOffers } from '../../store/offers.ts';
import { versionOf } from '../../store/policies.ts';
import type { World } from '../world.ts';
import { gateSmoke } from './gate-smoke.ts';

/**
 * Rehearse the suite on `current` as if another policy were in force: its entry, its suite, its
 * models, its limits. Throws Failure when this host lacks what that policy requires.
 */
export function tryPolicy(
  world: World,
  { policy: digest, release }: Step & { do: 'try-policy' },
  signal: AbortSignal,
): Promise<SmokeFacts> {
  const { file } = world.policy();
  const policy = versionOf(world.layout, file, digest);
  if (policy === null) {
    const message = 'this version of the policy is not kept any more';
    const input = world.layout.policyVersion(digest);
    throw new Failure('policy-missing', { message, step: 'policy', input });
  }
  const offers = readOffers(world.layout);
  const lacks = offers === null ? null : lacking(policy.policy.host.require, offers);
  if (lacks !== null) throw new Failure(lacks.code, lacks);
  const step = { do: 'smoke', proposal: null, release, current: null, proven: null } as const;
  return gateSmoke({ ...world, policy: () => policy }, step, signal);
}
