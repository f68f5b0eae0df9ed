import type { SeenRequest } from '../model/fact.ts';
import type { Proposal } from '../model/proposal.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { Request } from '../model/request.ts';
import { deployment, type State } from '../model/state.ts';
import { wasCurrent } from './rollback.ts';
import type { View } from './view.ts';

/**
 * On a host nobody lets pass what they proposed themselves: by approval, past its canary, by
 * lifting its bar, or by a rollback to what was not promoted. In a checkout there is only one who
 * could. Null where it is another's.
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
    ...(request.verb === 'approve' ? {} : { hint: 'Another operator must ask for it.' }),
  });
}

interface Proposed {
  id: string;
  owners?: string[] | undefined;
}

/** What a request would let pass, and who proposed it. */
function letPass(view: View, request: Request): Proposed[] {
  const { state } = view;
  switch (request.verb) {
    case 'approve':
    case 'promote':
      return [...state.proposals.values()].filter(({ id }) => id === request.proposal).map(asOne);
    case 'unbar':
      return barred(state, request.digest);
    case 'rollback':
      return goneTo(view, request);
    default:
      return [];
  }
}

/** A proposal is forgotten when it has ended, a release when it is removed: the bar stays. */
function barred(state: State, prefix: string): Proposed[] {
  return [...state.bad.values()]
    .filter(({ digest }) => digest.startsWith(prefix))
    .flatMap(({ digest, release, owners }) => [
      { id: release, owners },
      ...withContent(state, digest),
    ]);
}

function withContent({ releases, proposals }: State, digest: string): Proposed[] {
  const same = (row: { digest: string | null }) => row.digest === digest;
  const rows = [...releases.values()].filter(same);
  return [...rows, ...[...proposals.values()].filter(same).map(asOne)];
}

/**
 * A rollback makes current what it names: without canary and bake what was not promoted yet or
 * still bakes, and it lifts a bar. Where the link is there already, root broke the glass.
 */
function goneTo({ state, facts }: View, ask: Request & { verb: 'rollback' }): Proposed[] {
  const to = ask.to ?? ask.flipped?.to ?? null;
  const row = to === null ? undefined : state.releases.get(to);
  if (row === undefined) return [];
  if (deployment(state)?.candidate?.release !== row.id) {
    if (ask.flipped !== null && facts.current === row.id) return [];
    if (wasCurrent(row) && !state.bad.has(row.digest)) return [];
  }
  return [...withContent(state, row.digest), ...barred(state, row.digest)];
}

const asOne = ({ id, owner }: Proposal): Proposed => ({
  id,
  owners: owner === undefined ? [] : [owner],
});
