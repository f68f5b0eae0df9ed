import type { Mark } from '../../model/mark.ts';
import type { Reason } from '../../model/reason.ts';
import { host, keptPolicies } from '../../model/state.ts';
import type { SmokeFacts, Step } from '../../model/step.ts';
import type { Draft } from '../draft.ts';
import { metHalt, smokeGate } from '../smoke.ts';
import { proven } from './proofs.ts';

/** Versions stand in the order in which they were taken; a rollback forgets those after. */
export function policyTaken(draft: Draft, { digest, why }: Mark & { mark: 'policy' }): void {
  const known = host(draft.state);
  const before = known.policies ?? (known.policy === null ? [] : [known.policy]);
  const at = before.indexOf(digest);
  const older = why === 'rollback' && at >= 0 ? before.slice(0, at) : before;
  const policies = [...older.filter((one) => one !== digest), digest].slice(-keptPolicies);
  draft.host({ policy: digest, policies, trial: null, declined: null });
}

export function policyDeclined(draft: Draft, mark: Mark & { mark: 'policy-declined' }): void {
  const { digest: policy, by, reason, final } = mark;
  const told = host(draft.state).declined?.policy === policy;
  draft.host({ trial: null, declined: { policy, by, reason, at: draft.now, final } });
  if (!told) draft.notice('policy-declined', policy, reason);
}

type Try = Step & { do: 'try-policy' };

/** What the rehearsals showed, if they are still of what is to be shown, and no halt met them. */
export function policyTried(draft: Draft, step: Try, smoke: SmokeFacts): void {
  const { trial, current } = host(draft.state);
  if (trial?.policy !== step.policy || current !== step.release || metHalt(smoke)) return;
  const gate = smokeGate(smoke);
  draft.host({ trial: { ...trial, gate } });
  if (gate.outcome === 'pass') proven(draft, [step.release], smoke.suite, step.policy);
}

export function policyUntried(draft: Draft, step: Try, fault: Reason): void {
  const { trial } = host(draft.state);
  if (trial?.policy === step.policy) draft.host({ trial: { ...trial, fault } });
}
