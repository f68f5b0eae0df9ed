import type { DeploymentPhase } from '../../model/deployment.ts';
import { instant } from '../../model/duration.ts';
import type { GateResult, Phase } from '../../model/proposal.ts';
import type { Reason } from '../../model/reason.ts';
import { deployment } from '../../model/state.ts';
import type { Draft } from '../draft.ts';

/** A gate's result, on the slot and on the proposal. */
export function recordGate(draft: Draft, gate: GateResult): void {
  const slot = deployment(draft.state);
  if (slot === null) return;
  const gates = [...slot.gates.filter((one) => one.name !== gate.name), gate];
  draft.deployment({ gates });
  draft.proposal(slot.proposal, { gates });
}

/** The slot's change ends; the slot is free. A first release that ends so keeps Airlock down. */
export function endDeployment(draft: Draft, phase: Phase, because: Reason): void {
  const slot = deployment(draft.state);
  draft.put('deployment', 'deployment', null);
  if (slot === null) return;
  if (slot.proposal === null) return draft.host({ stillborn: because });
  const proposal = draft.state.proposals.get(slot.proposal);
  if (slot.canary !== null && proposal?.canary?.outcome === 'running') {
    const outcome = because.code.startsWith('canary') ? 'fail' : 'inconclusive';
    const verdict = because.code === 'canary-inconclusive' ? 'inconclusive' : outcome;
    draft.proposal(slot.proposal, { canary: { ...proposal.canary, outcome: verdict } });
  }
  draft.phase(slot.proposal, phase, because);
  if (proposal !== undefined) judged(draft, proposal.proposer, phase, because);
}

/** How a change ends that is left on the way: `refused` never ran, `rolled-back` was current. */
export const leftBy = (phase: DeploymentPhase): Phase =>
  phase === 'baking'
    ? 'rolled-back'
    : phase === 'staging' || phase === 'gating'
      ? 'refused'
      : 'aborted';

/** Codes that are no fault of the proposer: they make nobody wait longer. */
const faultless: ReadonlySet<string> = new Set([
  'gate-error',
  'operator-abort',
  'operator-rollback',
  'canary-inconclusive',
  'bake-inconclusive',
  'current-moved',
  'corrupt-release',
  'approval-expired',
  'withdrawn',
  'host-failed',
  'internal',
  'stale-base',
]);

/** An agent whose proposals fail one after another waits longer each time. */
export function judged(draft: Draft, proposer: string, phase: Phase, because: Reason | null): void {
  if (phase === 'stable') return draft.agent(proposer, () => ({ failures: 0, waitUntil: 0 }));
  if (because !== null && faultless.has(because.code)) return;
  draft.agent(proposer, (record) => {
    const failures = record.failures + 1;
    const { backoff } = draft.policy.policy.limits;
    const wait = failures < 2 ? 0 : backoff * 2 ** Math.min(failures - 2, 8);
    return { failures, waitUntil: draft.now + wait };
  });
}

/** Evidence against a release: its digest is barred, and what its runs proposed is held. */
export function bar(draft: Draft, release: string | null, because: Reason): void {
  const row = release === null ? undefined : draft.state.releases.get(release);
  if (row === undefined) return;
  const { code, message } = because;
  const at = instant(draft.now);
  const { digest, owners } = row;
  const by = owners === undefined ? {} : { owners };
  draft.put('bad', digest, { digest, release: row.id, at, code, message, ...by });
  for (const proposal of draft.state.proposals.values()) {
    const waits = proposal.phase === 'received' || proposal.phase === 'awaiting-approval';
    if (waits && proposal.onRelease === row.id && !proposal.held) {
      draft.proposal(proposal.id, { held: true });
      draft.put('receipts', proposal.id, { id: proposal.id, agent: proposal.proposer });
    }
  }
}
