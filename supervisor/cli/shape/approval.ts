import type { Proposal } from '../../model/proposal.ts';

/** Waits for a human: for an approval, or held. */
export const waits = (row: Proposal) =>
  row.phase === 'awaiting-approval' || (row.held && row.endedAt === null);

/** The command that says yes; bound to the digest that is shown. */
export function approveVerb(row: Proposal): string {
  const digest = row.digest ?? row.sha256;
  return `airlock approve ${row.id} --digest ${digest.slice(0, 12)}`;
}
