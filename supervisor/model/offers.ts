import { z } from 'zod';
import { type HostAbility, hostAbilities } from './policy.ts';
import { type Reason, reason } from './reason.ts';

/** What the host gives to runs, as whoever starts them found it. */
export const offersSchema = z.object({
  cgroups: z.enum(['v2', 'hybrid', 'v1', 'none']),
  /** Each run is in groups of its own. */
  groups: z.boolean(),
  abilities: z.array(z.enum(hostAbilities)),
});
export type Offers = z.infer<typeof offersSchema>;

/** Why a supervisor whose policy requires this does not start; null: it may. */
export function lacking(required: readonly HostAbility[], { abilities }: Offers): Reason | null {
  const missing = required.filter((one) => !abilities.includes(one));
  if (missing.length === 0) return null;
  return reason('host-lacks', {
    message: `the host does not offer ${missing.join(', ')}, which the policy requires`,
    step: 'start',
    input: 'host.require',
    expected: required.join(', '),
    actual: abilities.join(', ') || 'none of them',
  });
}
