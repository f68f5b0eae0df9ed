import { instant } from '../../model/duration.ts';
import type { Entry } from '../../model/entry.ts';
import type { GateResult } from '../../model/proposal.ts';
import { reason } from '../../model/reason.ts';
import { deployment, host } from '../../model/state.ts';
import type { Outcome, SmokeFacts, Step } from '../../model/step.ts';
import type { Draft } from '../draft.ts';
import { noStable } from '../rollback.ts';
import { metHalt, smokeGate } from '../smoke.ts';
import { audited } from './audit.ts';
import { bar, endDeployment, leftBy, recordGate } from './deployment.ts';
import { flipped, moved, targetDamaged } from './flip.ts';
import { policyTried, policyUntried } from './policy.ts';
import { proven } from './proofs.ts';
import { runEnded, runFailedToStart } from './run.ts';
import { sealed, unsealed, withdrawal } from './seal.ts';

type Settled = Entry & { type: 'outcome' };

/** A step has ended: its intent is settled, and what came of it changes the state. */
export function settled(draft: Draft, entry: Settled): void {
  const { key, step, outcome } = entry;
  if (!draft.state.pending.has(key)) return;
  draft.put('pending', key, null);
  if (outcome.of === 'failed') failed(draft, entry, outcome);
  else {
    if (draft.state.retries.has(key)) draft.put('retries', key, null);
    succeeded(draft, step, outcome);
  }
}

function succeeded(draft: Draft, step: Step, outcome: Exclude<Outcome, { of: 'failed' }>): void {
  switch (step.do) {
    case 'seal':
      if (outcome.of === 'sealed') sealed(draft, step, outcome.sealed);
      if (outcome.of === 'unsealed') unsealed(draft, step, outcome);
      if (outcome.of === 'withdrawal') withdrawal(draft, step, outcome.target);
      return;
    case 'stage':
      return staged(draft, step, outcome);
    case 'deps':
      return dependencies(draft, step, outcome);
    case 'build':
      if (outcome.of === 'built' && holdsSlot(draft, step)) recordGate(draft, outcome.gate);
      return;
    case 'smoke':
      if (outcome.of === 'rehearsed') smoked(draft, step, outcome.smoke);
      return;
    case 'try-policy':
      if (outcome.of === 'rehearsed') policyTried(draft, step, outcome.smoke);
      return;
    case 'run':
      if (outcome.of === 'ended') runEnded(draft, step.run, outcome.ending, outcome.at);
      return;
    case 'flip':
      if (outcome.of === 'flipped') flipped(draft, step);
      if (outcome.of === 'moved') moved(draft, step, outcome.actual);
      return;
    case 'answer':
      return answered(draft, step.request);
    case 'notify':
      return draft.put('notices', step.notice.id, null);
    case 'halt':
      return halted(draft);
    case 'audit':
      if (outcome.of === 'audited') audited(draft, step, outcome.findings);
      return;
    case 'discard':
      return discarded(draft, step);
    case 'receipt':
    case 'stop':
    case 'cancel':
      return;
  }
}

type Smoke = Step & { do: 'smoke' };

/** Judged once; what a halt cut short is run again when the host is no longer halted. */
function smoked(draft: Draft, step: Smoke, facts: SmokeFacts): void {
  if (!holdsSlot(draft, step) || metHalt(facts)) return;
  const gate = smokeGate(facts);
  recordGate(draft, gate);
  proofs(draft, step, facts, gate.outcome);
}

/** Who passed the suite need not show it again at once: the candidate, and `current` before it. */
function proofs(
  draft: Draft,
  step: Smoke,
  { suite, current }: SmokeFacts,
  outcome: GateResult['outcome'],
): void {
  const passed = [
    ...(outcome !== 'error' && Array.isArray(current) ? [step.current] : []),
    ...(outcome === 'pass' ? [step.release] : []),
  ];
  const named = passed.filter((release) => release !== null);
  proven(draft, named, suite, draft.policy.digest);
}

const holdsSlot = (draft: Draft, step: { release: string }): boolean =>
  deployment(draft.state)?.candidate?.release === step.release;

function staged(draft: Draft, step: Step & { do: 'stage' }, outcome: Outcome): void {
  const slot = deployment(draft.state);
  const mine = slot?.phase === 'staging' && slot.proposal === step.proposal;
  if (outcome.of === 'staged') {
    const { release, candidate } = outcome;
    // The same content may exist already: its row, with when it became stable, is kept.
    const known = draft.state.releases.get(release.id);
    const row = draft.state.proposals.get(step.proposal ?? '');
    const owners = [...new Set([...(known?.owners ?? []), ...(row?.owner ? [row.owner] : [])])];
    draft.put('releases', release.id, {
      ...(known ? { ...known, removedAt: null, damaged: null } : release),
      ...(owners.length === 0 ? {} : { owners }),
    });
    if (!mine) return;
    // Gates that it passed before its approval speak for the content that they saw, and no other.
    const gates = row?.digest === release.digest ? slot.gates : [];
    draft.deployment({ candidate, gates, phase: 'gating', since: draft.now });
    draft.proposal(step.proposal, { release: release.id, digest: release.digest });
    draft.phase(step.proposal, 'gating', null);
  }
  if (outcome.of === 'unstaged' && mine) {
    const [first] = outcome.reasons;
    const because =
      first ?? reason('gate-error', { message: 'staging said nothing', step: 'stage' });
    endDeployment(draft, 'refused', because);
  }
}

function dependencies(draft: Draft, step: Step & { do: 'deps' }, outcome: Outcome): void {
  const slot = deployment(draft.state);
  if (slot?.candidate?.release !== step.release) return;
  if (outcome.of === 'deps')
    draft.deployment({ candidate: { ...slot.candidate, depsReady: true } });
  const first = outcome.of === 'no-deps' ? outcome.reasons[0] : undefined;
  if (first !== undefined) endDeployment(draft, 'refused', first);
}

function answered(draft: Draft, request: string): void {
  const row = draft.state.answers.get(request);
  if (row !== undefined) draft.put('answers', request, { ...row, told: true });
}

/** No stable release is left: the host is halted, and that ends the rollback. */
function halted(draft: Draft): void {
  const rollback = draft.state.rollback.get('rollback');
  draft.put('rollback', 'rollback', null);
  if (rollback === undefined) return;
  if (rollback.bad) bar(draft, rollback.from, rollback.reason);
  draft.notice('no-stable-release', rollback.from ?? 'host', rollback.reason);
  const slot = deployment(draft.state);
  if (slot !== null) endDeployment(draft, leftBy(slot.phase), rollback.reason);
  if (rollback.request !== null) {
    const because = noStable(rollback.reason.message);
    const answer = { ok: false, exit: 1, message: because.message, data: null };
    draft.put('answers', rollback.request, {
      id: rollback.request,
      at: draft.now,
      answer: { ...answer, reason: because },
      told: false,
    });
  }
}

function discarded(draft: Draft, step: Step & { do: 'discard' }): void {
  const release = step.what === 'release' ? draft.state.releases.get(step.id) : undefined;
  if (release === undefined) return;
  const removed = { ...release, removedAt: instant(draft.now) };
  draft.put('releases', release.id, removed, false);
}

/** A step could not be carried out: the deployment's own end it, the others are tried again. */
function failed(draft: Draft, entry: Settled, outcome: Outcome & { of: 'failed' }): void {
  const { step, key } = entry;
  if (step.do === 'run') return runFailedToStart(draft, step.run, outcome.reason);
  if (step.do === 'try-policy') return policyUntried(draft, step, outcome.reason);
  const deploying = ['stage', 'deps', 'build', 'smoke'].includes(step.do);
  if (deploying) {
    const slot = deployment(draft.state);
    const mine =
      step.do === 'stage'
        ? slot?.phase === 'staging' && slot.proposal === step.proposal
        : 'release' in step && slot?.candidate?.release === step.release;
    if (mine) endDeployment(draft, 'refused', outcome.reason);
    return;
  }
  if (step.do === 'receipt') {
    draft.put('receipts', step.proposal, { id: step.proposal, agent: step.agent });
  }
  if (step.do === 'flip' && outcome.reason.code === 'corrupt-release') {
    // Trying again would find the same: it is not a passing trouble.
    if (draft.state.retries.has(key)) draft.put('retries', key, null);
    return targetDamaged(draft, step, outcome.reason);
  }
  const attempts = (draft.state.retries.get(key)?.attempts ?? 0) + 1;
  const longest = step.do === 'flip' || step.do === 'halt' ? 2_000 : 60_000;
  const at = draft.now + Math.min(longest, 250 * 2 ** Math.min(attempts, 12));
  const again = step.do === 'seal' ? step : null;
  draft.put('retries', key, { key, step: again, attempts, at, reason: outcome.reason });
  if (step.do === 'flip' && attempts === 1 && host(draft.state).current !== null) {
    draft.notice('flip-failed', step.to, outcome.reason);
  }
}
