import { instant } from '../../model/duration.ts';
import { reason } from '../../model/reason.ts';
import type { Rollback } from '../../model/state.ts';
import { deployment } from '../../model/state.ts';
import type { Step } from '../../model/step.ts';
import type { Draft } from '../draft.ts';
import { bar, endDeployment, leftBy } from './deployment.ts';

type Flip = Step & { do: 'flip' };

/** `current` moved, and was read back. */
export function flipped(draft: Draft, step: Flip): void {
  draft.host({ current: step.to, currentSince: draft.now });
  if (step.why === 'rollback') return rolledBack(draft, step);
  const slot = deployment(draft.state);
  if (step.why === 'first') return first(draft, step.to);
  if (slot?.candidate?.release !== step.to) return unwanted(draft, step);
  const startedAt = draft.now;
  const bake = { startedAt, runs: [], suspects: [], confirm: null, firstEvidence: null };
  draft.deployment({ phase: 'baking', since: draft.now, bake });
  draft.phase(slot.proposal, 'baking', null);
}

/** Promoted although its deployment has ended meanwhile: go back to where it came from. */
function unwanted(draft: Draft, step: Flip): void {
  const message = 'it was promoted after its deployment had ended';
  const because = reason('operator-abort', { message, step: 'promote', input: step.to });
  const back = { from: step.to, to: step.from, reason: because, by: 'airlock', bad: false };
  const row = { ...back, clear: false, startedAt: draft.now, request: null };
  draft.put('rollback', 'rollback', row);
}

function first(draft: Draft, release: string): void {
  const row = draft.state.releases.get(release);
  if (row !== undefined) {
    draft.put('releases', row.id, { ...row, stableAt: instant(draft.now) });
  }
  draft.put('deployment', 'deployment', null);
}

function rolledBack(draft: Draft, step: Flip): void {
  const rollback = draft.state.rollback.get('rollback');
  // The link may have been set right meanwhile: that ends no rollback to somewhere else.
  if (rollback === undefined || rollback.to !== step.to) return;
  draft.put('rollback', 'rollback', null);
  const slot = deployment(draft.state);
  if (rollback.bad) bar(draft, rollback.from, rollback.reason);
  if (rollback.clear) unbarTarget(draft, rollback);
  if (slot !== null) endDeployment(draft, leftBy(slot.phase), rollback.reason);
  else draft.notice('rolled-back', rollback.from ?? 'none', rollback.reason);
  if (rollback.request !== null) answer(draft, rollback, rollback.request);
}

function unbarTarget(draft: Draft, rollback: Rollback): void {
  const target = rollback.to === null ? undefined : draft.state.releases.get(rollback.to);
  if (target === undefined) return;
  if (draft.state.bad.has(target.digest)) draft.put('bad', target.digest, null);
}

function answer(draft: Draft, rollback: Rollback, id: string): void {
  const data = { from: rollback.from, to: rollback.to, bad: rollback.bad };
  const message = `current is ${rollback.to}`;
  draft.put('answers', id, {
    id,
    at: draft.now,
    answer: { ok: true, exit: 0, message, reason: null, data },
    told: false,
  });
}

/** The flip's precondition did not hold: somebody moved `current` first. */
export function moved(draft: Draft, step: Flip, actual: string | null): void {
  if (step.why === 'rollback') return;
  // A flip that a crash cut off and that is done again finds its own work.
  if (actual === step.to) return flipped(draft, step);
  if (deployment(draft.state)?.candidate?.release !== step.to) return;
  const because = reason('current-moved', {
    message: '`current` was moved while this change was on its way',
    step: 'promote',
    input: step.to,
    expected: step.from,
    actual,
  });
  endDeployment(draft, step.why === 'first' ? 'refused' : 'aborted', because);
}
