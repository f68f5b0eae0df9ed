import { followed, lookAt } from '../host/files/records.ts';
import { hideKeys } from '../host/secrets.ts';
import type { PolicyInForce } from '../model/policy.ts';
import { Failure, type Reason } from '../model/reason.ts';
import { type LoadedPolicy, loadPolicy } from '../store/policy.ts';

export interface PolicySource {
  inForce(): PolicyInForce;
  /** Faults of the file as it is now; the older policy stays in force while there are any. */
  faults(): readonly Reason[];
  /** At a tick: take the file if it changed and is valid. True: another policy is in force. */
  refresh(): boolean;
}

/** The policy in force, from its file. Throws Failure `policy-missing` or `policy-invalid`. */
export function policySource(file: string): PolicySource {
  let stamp = stampOf(file);
  let { policy, faults }: LoadedPolicy = loadPolicy(file);
  if (policy === null) throw startFailure(file, faults);
  let inForce = policy;
  hideKeys(inForce);
  const refresh = () => {
    const now = stampOf(file);
    if (now === stamp) return false;
    stamp = now;
    ({ policy, faults } = loadPolicy(file));
    if (policy === null || policy.digest === inForce.digest) return false;
    inForce = policy;
    hideKeys(inForce);
    return true;
  };
  return { inForce: () => inForce, faults: () => faults, refresh };
}

/** Taken before the file is read: a change in between is seen at the next tick. */
function stampOf(file: string): string {
  const found = lookAt(followed(file));
  return found === null ? '' : `${found.mtimeMs}:${found.ctimeMs}:${found.size}:${found.ino}`;
}

function startFailure(file: string, faults: readonly Reason[]): Failure {
  const first = faults[0];
  if (first && faults.length === 1) return new Failure(first.code, first);
  const message = `the policy has ${faults.length} faults`;
  const actual = faults.map((one) => `${one.input}: ${one.message}`).join('\n');
  return new Failure('policy-invalid', { message, step: 'policy', input: file, actual });
}
