import { agentUser, findAgentUser, type Owner, ownerWord } from './agent-user.ts';
import { type Identity, RUN_USER, sharedIdentity } from './identity.ts';

/** Who runs are. */
export interface Identities {
  /** Of an agent's runs. Throws Failure `no-user` where its user was not made yet. */
  of(agent: string): Identity;
  /** Of what belongs to no agent: build checks. */
  shared: Identity;
  /** Whether an agent's runs have somebody to be. */
  has(agent: string): boolean;
  /** See to it that these agents have users; returns at once where they have. */
  ready(agents: readonly string[]): Promise<void>;
}

/** In a checkout all runs are one user: a development machine gets no users of ours. */
export function checkoutIdentities(): Identities {
  const shared = sharedIdentity();
  return { of: () => shared, shared, has: () => true, ready: async () => undefined };
}

/** In a host install each agent is a user of its own, made by who may: `make` gets its word. */
export function hostIdentities(
  instance: string | null,
  make: (owner: string) => Promise<void>,
): Identities {
  const owner = (agent: string): Owner => ({ instance, agent });
  const has = (agent: string) => findAgentUser(owner(agent)) !== null;
  return {
    of: (agent) => agentUser(owner(agent)),
    shared: { root: true, uid: RUN_USER, gid: RUN_USER },
    has,
    async ready(agents) {
      for (const agent of agents) if (!has(agent)) await make(ownerWord(owner(agent)));
    },
  };
}
