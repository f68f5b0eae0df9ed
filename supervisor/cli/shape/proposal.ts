import { instant } from '../../model/duration.ts';
import type { Proposal } from '../../model/proposal.ts';
import type { PhaseChange } from '../../store/reader.ts';

/** A proposal as lists give it (contract, section 3). */
export function proposalShape(row: Proposal) {
  const { id, drop, title, why, proposer, run, base, release, digest, phase, reason } = row;
  const { receivedAt, endedAt, held } = row;
  const told = { id, drop, title, why, proposer, run, base, release, digest, phase, reason };
  return { ...told, receivedAt, endedAt, held };
}
export type ProposalShape = ReturnType<typeof proposalShape>;

/** A proposal whole. */
export function wholeProposal(row: Proposal, history: readonly PhaseChange[]) {
  const { gates, canary, authority, paths, form, sha256, approval } = row;
  return {
    schema: 1,
    ...proposalShape(row),
    history: history.map(({ phase, at, reason }) => ({ phase, at: instant(at), reason })),
    gates,
    canary,
    authority,
    paths,
    form,
    sha256,
    approval,
  };
}
