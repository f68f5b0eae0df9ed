import { resolve } from 'node:path';
import { kindOf } from '../host/files/files.ts';
import { hideKeys } from '../host/secrets.ts';
import { numbered } from '../model/numbered.ts';
import type { PolicyInForce } from '../model/policy.ts';
import { Failure, type Reason } from '../model/reason.ts';
import { loadInForce, recordedPolicy } from '../store/policies.ts';
import { type LoadedPolicy, loadPolicy } from '../store/policy.ts';
import type { Call } from './call.ts';
import { credentialsOf } from './place.ts';
import { line } from './show/escape.ts';
import type { Paint } from './show/paint.ts';

/** The policy in force here; throws with all faults of the file when there is none. */
export function needPolicy(call: Call): PolicyInForce {
  const { layout, place } = call;
  const inForce = loadInForce(layout, place.policyFile, recordedPolicy(layout));
  return needValid(call, inForce, place.policyFile);
}

/** The file that an argument names, which is there; the policy file where none is named. */
export function fileOf({ place, args }: Call, step: string): string {
  const [given] = args;
  if (given === undefined) return place.policyFile;
  const input = resolve(given);
  if (kindOf(input) !== 'absent') return input;
  const hint = 'Name a file that is there; without one the policy file itself is meant.';
  throw new Failure('policy-missing', { message: `there is no file ${input}`, step, input, hint });
}

/** The policy that was read; throws with all faults of its file. */
export function needValid(
  { place }: Call,
  { policy, faults }: LoadedPolicy,
  input: string,
): PolicyInForce {
  if (policy !== null) {
    hideKeys(policy, credentialsOf(place));
    return policy;
  }
  const [first] = faults;
  if (first !== undefined && faults.length === 1) throw new Failure(first.code, first);
  const actual = faults.map((one) => one.message).join('\n');
  const message = `the policy has ${numbered(faults.length, 'fault')}`;
  throw new Failure('policy-invalid', { message, step: 'policy', input, actual });
}

/**
 * Before what an operator typed is written: the keys that this command can read are never in it. A
 * policy that is none, or cannot be read, stops nobody who halts or rolls back.
 */
export function hideKnownKeys({ place }: Call): void {
  try {
    const { policy } = loadPolicy(place.policyFile);
    if (policy !== null) hideKeys(policy, credentialsOf(place));
  } catch {
    // Then nothing is known of any key here.
  }
}

/** All faults of a policy file, each with its line, what stands there and what to do. */
export function faultsText(faults: readonly Reason[], paint: Paint): string {
  return faults
    .map(({ input, message, actual, hint }) =>
      [
        `${paint.red(line(message, 500))}`,
        `  at     ${line(input ?? '', 300)}`,
        ...(actual === null || message.endsWith(actual) ? [] : [`  there  ${line(actual, 300)}`]),
        `  to do  ${paint.bold(line(hint, 300))}`,
      ].join('\n'),
    )
    .join('\n');
}
