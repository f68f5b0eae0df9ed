import type { Deployment } from '../../model/deployment.ts';
import type { Proposal } from '../../model/proposal.ts';
import { reason } from '../../model/reason.ts';
import type { Agent } from '../../model/runtime.ts';
import { host } from '../../model/state.ts';
import { chooseCanary } from '../canary.ts';
import { isOld } from '../expiries.ts';
import { approvalNeeded, configGate, policyGate, refusal } from '../gates.ts';
import {
  agentsNow,
  type Decision,
  hostHalted,
  mark,
  none,
  skipped,
  start,
  type View,
} from '../view.ts';

const proposalOf = (view: View, slot: Deployment): Proposal | null =>
  (slot.proposal === null ? null : view.state.proposals.get(slot.proposal)) ?? null;

/** The gates in order; the first that fails refuses. */
export function gating(view: View, slot: Deployment): Decision {
  const { candidate } = slot;
  if (candidate === null) return none;
  const proposal = proposalOf(view, slot);
  const refused = earlyRefusal(view, slot, proposal);
  if (refused !== null) return refused;
  const passed = new Set(slot.gates.map((gate) => gate.name));
  if (proposal !== null && !passed.has('policy')) {
    return mark({
      mark: 'gate',
      proposal: proposal.id,
      ...policyGate(view.policy.policy, proposal, candidate),
    });
  }
  const approval = candidate.depsChanged ? awaitApproval(view, slot, proposal) : null;
  if (approval !== null) return approval;
  if (!passed.has('config')) {
    return mark({
      mark: 'gate',
      proposal: slot.proposal,
      gate: configGate(view.policy.policy, candidate),
      authority: [],
    });
  }
  const done = passed.has('build') && passed.has('smoke');
  // A halt is lifted one day: until then it waits, and nothing is fetched, built or rehearsed.
  if (!done && hostHalted(view.facts.switches)) return none;
  const { release, digest, deps } = { ...candidate, digest: candidate.deps ?? '' };
  if (deps !== null && !candidate.depsReady) return start(view, { do: 'deps', release, digest });
  if (!passed.has('build')) return start(view, { do: 'build', proposal: slot.proposal, release });
  if (!passed.has('smoke')) {
    const { proposal: of, onto: current } = slot;
    return start(view, {
      do: 'smoke',
      proposal: of,
      release,
      current,
      proven: proof(view, current),
    });
  }
  return awaitApproval(view, slot, proposal) ?? afterGates(view, slot, proposal);
}

function earlyRefusal(view: View, slot: Deployment, proposal: Proposal | null): Decision | null {
  const { candidate } = slot;
  const bad = candidate === null ? undefined : view.state.bad.get(candidate.digest);
  const end = { mark: 'end' as const, proposal: slot.proposal, phase: 'refused' as const };
  if (bad !== undefined) {
    const because = reason('known-bad', {
      message: `this content is barred since ${bad.at}: ${bad.message}`,
      step: 'stage',
      input: bad.digest,
    });
    return mark({ ...end, reason: because, bad: false });
  }
  const failed = slot.gates.find((gate) => gate.outcome !== 'pass');
  if (failed !== undefined) return mark({ ...end, reason: refusal(failed), bad: false });
  const approval = proposal?.approval ?? null;
  if (proposal !== null && approval !== null && approval.digest !== candidate?.digest) {
    return mark({ mark: 'approval-void', proposal: proposal.id, digest: approval.digest });
  }
  return null;
}

/**
 * A human's gate: the slot is given up until an operator says yes to exactly this digest. A yes
 * that is too old by the time it is wanted is none: it is asked again, and why is said.
 */
function awaitApproval(view: View, slot: Deployment, proposal: Proposal | null): Decision | null {
  if (proposal === null || slot.candidate === null) return null;
  const { id, approval } = proposal;
  const old = isOld(view, proposal);
  if (approval !== null && !old) return null;
  const because = approvalNeeded(view.policy.policy, proposal, slot.candidate);
  if (because === null) return null;
  if (approval === null) return mark({ mark: 'ask-approval', proposal: id, reason: because });
  const { digest, by, at } = approval;
  const cause = `the approval by ${by} at ${at} was not used in time (policy approval.expires)`;
  return mark(
    { mark: 'approval-void', proposal: id, digest },
    { mark: 'ask-approval', proposal: id, reason: { ...because, cause } },
  );
}

function nobody(proposal: Proposal): Decision {
  const because = reason('canary-inconclusive', {
    message: 'no agent of the candidate runs on current: nobody can be its canary',
    step: 'canary',
    expected: 'an agent that both releases have, with a model that policy offers',
  });
  const phase = 'refused' as const;
  return mark({ mark: 'end', proposal: proposal.id, phase, reason: because, bad: false });
}

function afterGates(view: View, slot: Deployment, proposal: Proposal | null): Decision {
  const release = slot.candidate?.release;
  if (release === undefined) return none;
  if (proposal === null) return start(view, { do: 'flip', to: release, from: null, why: 'first' });
  const { canary: limits } = view.policy.policy;
  const agents = slot.candidate?.after ?? [];
  const runs = (agent: Agent) =>
    view.policy.policy.models[agent.model] !== undefined &&
    agentsNow(view).some((one) => one.name === agent.name);
  const may = (agent: Agent) => skipped(view, agent) === null && runs(agent);
  const chosen = chooseCanary(limits.agent, proposal.proposer, agents, view.state.agents, may);
  // A halt is lifted one day; where nobody could ever be the canary, nobody is waited for.
  if (chosen === null) return agents.some(runs) ? none : nobody(proposal);
  const deadline = view.now + limits.within;
  return mark({ mark: 'canary', proposal: proposal.id, agent: chosen.name, deadline });
}

/** For how long a passed suite need not be shown again on the same release, policy and suite. */
const proofHolds = 3_600_000;

/** The suite that `current` passed within the hour under this policy, as a candidate mostly. */
function proof(view: View, current: string | null): string | null {
  const { policy, now } = view;
  const found = host(view.state).proofs.findLast(
    (one) => one.release === current && one.policy === policy.digest && now - one.at < proofHolds,
  );
  return found?.suite ?? null;
}
