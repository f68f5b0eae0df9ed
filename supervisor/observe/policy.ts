import { followed, lookAt } from '../host/files/records.ts';
import { hideKeys } from '../host/secrets.ts';
import type { Layout } from '../model/layout.ts';
import { numbered } from '../model/numbered.ts';
import type { PolicyInForce, PolicySeen } from '../model/policy.ts';
import { Failure, innermost, type Reason, reason } from '../model/reason.ts';
import { versionOf } from '../store/policies.ts';
import { type LoadedPolicy, loadPolicy, type ReadPolicy } from '../store/policy.ts';

export interface PolicySource {
  /** The version that is on record; where that cannot be read, the last one that could. */
  inForce(onRecord: string | null): PolicyInForce;
  /** What the file held when it was last read; `kept`: which of these versions can be read. */
  seen(versions: readonly string[]): PolicySeen;
  /** Read the file if it changed. */
  refresh(): void;
}

export interface PolicyPlace {
  layout: Layout;
  file: string;
  /** Called with each valid version before anybody hears of it; may throw. */
  keep: (read: ReadPolicy) => void;
  /** Hears of each version that is in force instead of another. */
  taken: (digest: string) => void;
}

/** From its file and its versions. Throws Failure `policy-missing` or `policy-invalid`. */
export function policySource({ layout, file, keep, taken }: PolicyPlace): PolicySource {
  let stamp = stampOf(file);
  const first = loadPolicy(file);
  if (first.policy === null) throw startFailure(file, first.faults);
  hideKeys(first.policy);
  let { found, again } = kept(first, keep);
  if (again) stamp = '';
  let inForce = first.policy;
  let unreadable: string | null = null;

  function versionIn(digest: string | null): PolicyInForce | null {
    if (digest === null) return null;
    if (found.policy?.digest === digest) return found.policy;
    const version = versionOf(layout, file, digest);
    if (version !== null) hideKeys(version);
    return version;
  }

  function readable(digest: string): boolean {
    try {
      return versionOf(layout, file, digest) !== null;
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }

  return {
    inForce(wanted) {
      if (wanted === null || wanted === inForce.digest || wanted === unreadable) return inForce;
      const version = versionIn(wanted);
      unreadable = version === null ? wanted : null;
      if (version !== null) {
        inForce = version;
        taken(version.digest);
      }
      return inForce;
    },
    seen: (versions) => ({
      policy: found.policy,
      fault: found.faults[0] ?? null,
      kept: new Set(versions.filter(readable)),
    }),
    refresh() {
      const now = stampOf(file);
      if (now === stamp) return;
      ({ found, again } = kept(loadPolicy(file), keep));
      // What could not be kept is read again.
      stamp = again ? '' : now;
      if (found.policy !== null) hideKeys(found.policy);
    },
  };
}

function kept(found: LoadedPolicy, keep: PolicyPlace['keep']): Kept {
  if (found.policy === null) return { found, again: false };
  try {
    keep(found);
    return { found, again: false };
  } catch (error) {
    const fault = reason('host-failed', {
      message: 'this version of the policy could not be kept: it is not tried',
      step: 'policy',
      input: found.policy.file,
      cause: innermost(error),
    });
    return { found: { policy: null, faults: [fault] } satisfies LoadedPolicy, again: true };
  }
}

interface Kept {
  found: LoadedPolicy;
  /** It is to be read again although nothing changed. */
  again: boolean;
}

/** Taken before the file is read: a change in between is seen at the next tick. */
function stampOf(file: string): string {
  const found = lookAt(followed(file));
  return found === null ? '' : `${found.mtimeMs}:${found.ctimeMs}:${found.size}:${found.ino}`;
}

function startFailure(file: string, faults: readonly Reason[]): Failure {
  const first = faults[0];
  if (first && faults.length === 1) return new Failure(first.code, first);
  const message = `the policy has ${numbered(faults.length, 'fault')}`;
  const actual = faults.map((one) => `${one.input}: ${one.message}`).join('\n');
  return new Failure('policy-invalid', { message, step: 'policy', input: file, actual });
}
