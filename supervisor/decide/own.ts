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
export function ownProposal(view: View, seen: SeenRequest): Reason | null {
  const { request, by } = seen;
  if (!view.facts.hostInstall || request === null) return null;
  const mine = letPass(view, request).find(({ owners }) => owners?.includes(by));
  if (mine === undefined) return null;
  return reason('own-proposal', {
    message: `${by} proposed ${mine.id}`,
    step: `request ${request.verb}`,
    expected: 'the word of another operator',
    actual: by,
  });
}

interface Proposed {
  id: string;
  owners?: string[] | undefined;
}

/** What a request would let pass, and who proposed it. */
function letPass({ state }: View, request: Request): Proposed[] {
  switch (request.verb) {
    case 'approve':
    case 'promote':
      return [...state.proposals.values()].filter(({ id }) => id === request.proposal).map(asOne);
    case 'unbar':
      return barred(state, request.digest);
    default:
      return [];
  }
}

/** A proposal is forgotten when it has ended, a release when it is removed: the bar stays. */
function barred({ bad, releases, proposals }: State, prefix: string): Proposed[] {
  return [...bad.values()]
    .filter(({ digest }) => digest.startsWith(prefix))
    .flatMap(({ digest, release, owners }) => {
      const same = (row: { digest: string | null }) => row.digest === digest;
      const rows = [...releases.values()].filter(same);
      return [{ id: release, owners }, ...rows, ...[...proposals.values()].filter(same).map(asOne)];
    });
}

const asOne = ({ id, owner }: Proposal): Proposed => ({
  id,
  owners: owner === undefined ? [] : [owner],
});
