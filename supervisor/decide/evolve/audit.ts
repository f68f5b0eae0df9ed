import type { Weakness } from '../../model/audit.ts';
import { type Reason, reason } from '../../model/reason.ts';
import { deployment, host } from '../../model/state.ts';
import type { Step } from '../../model/step.ts';
import type { Draft } from '../draft.ts';

/** The path was looked at: runs and deployments go by what was found until somebody looks again. */
export function audited(draft: Draft, step: Step & { do: 'audit' }, findings: Weakness[]): void {
  const before = host(draft.state).audit?.findings.length ?? 0;
  draft.host({ audit: { at: draft.now, findings } });
  const slot = deployment(draft.state);
  const asked = slot?.phase === 'promoting' && slot.candidate?.release === step.release;
  if (asked) draft.deployment({ audited: findings.length === 0 });
  const because = unsafePath(findings);
  if (because !== null && before === 0) draft.notice('unsafe', 'host', because);
  if (slot !== null && slot.proposal !== null) tell(draft, slot.proposal, because);
}

/** Who waits in the slot is told why, and that it goes on. */
function tell(draft: Draft, proposal: string, because: Reason | null): void {
  const row = draft.state.proposals.get(proposal);
  if (row === undefined) return;
  const told = row.reason?.code === 'unsafe';
  // What an operator or a judgment said of it stays.
  if (row.reason !== null && !told) return;
  if (row.reason?.message === because?.message) return;
  draft.proposal(row.id, { reason: because });
  draft.put('receipts', row.id, { id: row.id, agent: row.proposer });
}

/** Why no run starts; null when nothing was found. */
function unsafePath(findings: readonly Weakness[]): Reason | null {
  const [first] = findings;
  if (first === undefined) return null;
  const more = findings.length === 1 ? '' : ` (and ${findings.length - 1} more)`;
  return reason('unsafe', {
    message: `others could change what runs start from: ${first.message}${more}`,
    step: 'audit',
    input: first.path,
    expected: 'only the supervisor and root can write on the invocation path',
    actual: first.message,
  });
}
