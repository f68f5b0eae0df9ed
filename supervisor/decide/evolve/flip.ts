import type { Rollback } from '../../model/deployment.ts';
import { instant } from '../../model/duration.ts';
import { type Reason, reason } from '../../model/reason.ts';
import type { ReleaseId } from '../../model/release.ts';
import { type Answer, deployment, host, rollback as underway } from '../../model/state.ts';
import type { Step } from '../../model/step.ts';
import type { Draft } from '../draft.ts';
import { rollbackTarget, wasCurrent } from '../rollback.ts';
import { bar, endDeployment, leftBy } from './deployment.ts';

type Flip = Step & { do: 'flip' };

/** `current` moved, and was read back. */
export function flipped(draft: Draft, step: Flip): void {
  const row = draft.state.releases.get(step.to);
  const before = row === undefined || wasCurrent(row);
  draft.host({ current: step.to, currentSince: draft.now });
  becameCurrent(draft, step.to);
  if (step.why === 'rollback') return rolledBack(draft, step, before);
  const slot = deployment(draft.state);
  if (step.why === 'first') return first(draft, step.to);
  if (slot?.candidate?.release !== step.to) return unwanted(draft, step);
  const startedAt = draft.now;
  const bake = { startedAt, runs: [], suspects: [], confirm: null, firstEvidence: null };
  draft.deployment({ phase: 'baking', since: draft.now, bake });
  draft.phase(slot.proposal, 'baking', null);
}

/** That is remembered; and what was flipped to is whole: mended, if it was not before. */
export function becameCurrent(draft: Draft, id: ReleaseId): void {
  const row = draft.state.releases.get(id);
  if (row === undefined) return;
  const mended = row.damaged ? { damaged: null } : {};
  draft.put('releases', id, { ...row, currentAt: row.currentAt ?? instant(draft.now), ...mended });
}

/**
 * The flip's target is not whole. That is remembered, so that no rollback goes there again: this
 * one goes to the next, a named one fails, and what was to be promoted ends.
 */
export function targetDamaged(draft: Draft, step: Flip, because: Reason): void {
  const row = draft.state.releases.get(step.to);
  const damaged = { at: instant(draft.now), message: because.message };
  if (row !== undefined) draft.put('releases', row.id, { ...row, damaged });
  draft.notice('release-damaged', step.to, because);
  if (step.why !== 'rollback') {
    const mine = deployment(draft.state)?.candidate?.release === step.to;
    if (mine) endDeployment(draft, step.why === 'first' ? 'refused' : 'aborted', because);
    return;
  }
  const rollback = underway(draft.state);
  if (rollback === null) return homeless(draft, because);
  if (rollback.to !== step.to) return;
  if (!rollback.clear) {
    const passed = [...(rollback.passed ?? []), step.to];
    const on = { ...rollback, to: rollbackTarget(draft.state), passed };
    return draft.put('rollback', 'rollback', on);
  }
  draft.put('rollback', 'rollback', null);
  if (rollback.request === null) return;
  const said = { ok: false, exit: 1, message: because.message, reason: because, data: null };
  answer(draft, rollback.request, said);
}

/** Where the link belongs is damaged itself: from now on that is a rollback as any other. */
function homeless(draft: Draft, because: Reason): void {
  const to = rollbackTarget(draft.state);
  const row = { from: host(draft.state).current, to, reason: because, by: 'airlock', bad: false };
  const blank = { clear: false, startedAt: draft.now, request: null };
  draft.put('rollback', 'rollback', { ...row, ...blank });
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

function rolledBack(draft: Draft, step: Flip, before: boolean): void {
  const rollback = draft.state.rollback.get('rollback');
  // The link may have been set right meanwhile: that ends no rollback to somewhere else.
  if (rollback === undefined || rollback.to !== step.to) return;
  draft.put('rollback', 'rollback', null);
  const slot = deployment(draft.state);
  if (rollback.bad) bar(draft, rollback.from, rollback.reason);
  if (rollback.clear) unbarTarget(draft, rollback);
  if (slot !== null) endDeployment(draft, leftBy(slot.phase), rollback.reason);
  else draft.notice('rolled-back', rollback.from ?? 'none', rollback.reason);
  if (rollback.request !== null) answer(draft, rollback.request, went(rollback, before));
}

function unbarTarget(draft: Draft, rollback: Rollback): void {
  const target = rollback.to === null ? undefined : draft.state.releases.get(rollback.to);
  if (target === undefined) return;
  if (draft.state.bad.has(target.digest)) draft.put('bad', target.digest, null);
}

/** `before`: it was current before this; of one that was not, nothing but a word stands for it. */
function went({ from, to, bad, passed = [] }: Rollback, before: boolean): Answer {
  const past = passed.length === 0 ? '' : `; passed over as damaged: ${passed.join(', ')}`;
  const news = before ? '' : '; it was never promoted: no canary and no bake has shown it';
  const data = { from, to, bad, passed };
  const message = `current is ${to}${past}${news}`;
  return { ok: true, exit: 0, message, reason: null, data };
}

function answer(draft: Draft, id: string, said: Answer): void {
  draft.put('answers', id, { id, at: draft.now, answer: said, told: false });
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
