import { type Proposal, terminal } from '../model/proposal.ts';
import { reason } from '../model/reason.ts';
import { type Decision, mark, none, type View } from './view.ts';

/** It asked too long ago: whoever answers now, answers what has ended already. */
export const isLate = ({ now, policy }: View, { phase, phaseAt }: Proposal): boolean =>
  phase === 'awaiting-approval' && now - Date.parse(phaseAt) >= policy.policy.approval.expires;

/** Approved too long ago, by the calendar: what it was said about is not what is there now. */
export const isOld = ({ now, policy }: View, { approval }: Proposal): boolean =>
  approval !== null && now - Date.parse(approval.at) >= policy.policy.approval.expires;

/** Approvals that nobody gave in time. */
export function expiries(view: View): Decision {
  const late = [...view.state.proposals.values()].filter((one) => isLate(view, one));
  if (late.length === 0) return forgetEnded(view);
  return mark(
    ...late.map((one) => ({
      mark: 'end' as const,
      proposal: one.id,
      phase: 'refused' as const,
      reason: reason('approval-expired', {
        message: 'no operator answered in time',
        step: 'approval',
        input: one.digest,
      }),
      bad: false,
    })),
  );
}

/** How long an ended proposal stays in memory: its id must not be given again within the second. */
const linger = 2_000;

/** Ended proposals whose receipt is written go from memory; the journal keeps them. */
function forgetEnded(view: View): Decision {
  const { state, now } = view;
  const ended = [...state.proposals.values()].filter(
    (one) =>
      terminal.has(one.phase) &&
      !state.receipts.has(one.id) &&
      !state.pending.has(`receipt:${one.id}`) &&
      now - Date.parse(one.endedAt ?? '') > linger,
  );
  return ended.length === 0
    ? none
    : mark({ mark: 'forget', proposals: ended.map((one) => one.id) });
}
