import type { SeenRequest } from '../model/fact.ts';
import type { Proposal } from '../model/proposal.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { Request } from '../model/request.ts';
import type { State } from '../model/state.ts';
import type { View } from './view.ts';

/**
 * On a host nobody lets pass what they proposed themselves: by approval, past its canary, or by
 * lifting its bar. In a checkout there is only one who could. Null where it is another's.
 */
export function ownProposal({ state, facts }: View, seen: SeenRequest): Reason | null {
  const { request, by } = seen;
  if (!facts.hostInstall || request === null) return null;
  const mine = letPass(state, request).find((one) => one.owner === by);
  if (mine === undefined) return null;
  return reason('own-proposal', {
    message: `${by} proposed ${mine.id}`,
    step: `request ${request.verb}`,
    expected: 'the word of another operator',
    actual: by,
  });
}

/** The proposals that a request would let pass. */
function letPass(state: State, request: Request): Proposal[] {
  const all = [...state.proposals.values()];
  switch (request.verb) {
    case 'approve':
    case 'promote':
      return all.filter(({ id }) => id === request.proposal);
    case 'unbar':
      return all.filter(({ digest }) => digest?.startsWith(request.digest) === true);
    default:
      return [];
  }
}
