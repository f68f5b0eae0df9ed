import { includes } from '../../model/policy.ts';
import { operator } from '../../model/request.ts';
import type { Outcome, Step } from '../../model/step.ts';
import type { World } from '../world.ts';
import type { SealRequest } from './examine.ts';

/** Take a drop out of its agent's reach and check its form. */
export async function sealDrop(world: World, step: Step & { do: 'seal' }): Promise<Outcome> {
  const { policy } = world.policy();
  const result = await world.threads.seal({
    id: step.id,
    agent: step.agent,
    drop: step.drop,
    limits: policy.limits.proposal,
    ...ownerOf(world, step.agent),
    sealedAt: step.at,
    roots: includes(policy).map((one) => one.to),
  });
  switch (result.kind) {
    case 'sealed':
      return { of: 'sealed', sealed: result.sealed };
    case 'withdraw':
      return { of: 'withdrawal', target: result.target };
    case 'refused':
      return { of: 'unsealed', title: result.title, reasons: result.reasons };
    case 'gone':
      return { of: 'gone' };
  }
}

/** Whose a drop must be: in a host install its inbox says so, and nothing that it says itself. */
function ownerOf(world: World, agent: string): { owner?: SealRequest['owner'] } {
  if (!world.hostInstall) return {};
  if (agent === operator) return { owner: operator };
  if (!world.identities.has(agent)) return { owner: 'missing' };
  const identity = world.identities.of(agent);
  return identity.root ? { owner: identity.uid } : {};
}
