import { closedPlace, isGuest } from '../host/files/closed.ts';
import { readCurrent } from '../host/files/links.ts';
import type { Identities } from '../host/sandbox/identities.ts';
import type { Layout } from '../model/layout.ts';
import type { PolicyInForce } from '../model/policy.ts';
import { Failure, type Reason } from '../model/reason.ts';
import type { State } from '../model/state.ts';
import { type DaemonState, daemonState } from '../store/daemon.ts';
import { journalStanding } from '../store/lived.ts';
import { loadInForce, recordedPolicy } from '../store/policies.ts';
import { type LoadedPolicy, loadPolicy } from '../store/policy.ts';
import { openReaderOf } from '../store/reader.ts';

/** What checks look at; each thing is read when it is first asked for, and only once. */
export interface Ground {
  layout: Layout;
  policyFile: string;
  /** Milliseconds since 1970. */
  now: number;
  /** A host install, where a checkout's conveniences are faults. */
  hostInstall: boolean;
  /** Where the service's credentials are, on a host. */
  credentials?: string | undefined;
  /** Who agents' runs are. */
  identities: Identities;
  /** Re-hash one release. */
  verify: (release: string) => Reason[];
  /** Whoever asks is neither root nor the supervisor: what is closed to such a one is no fault. */
  guest: boolean;
  /** Nothing was ever started here. */
  blank: boolean;
  daemon: () => DaemonState;
  /** What the policy file holds; `policy`: what is in force. */
  loaded: () => LoadedPolicy;
  /** Throws Failure `policy-invalid` when there is none. */
  policy: () => PolicyInForce;
  /** Throws Failure when the journal cannot be read. */
  state: () => State;
  current: () => string | null;
}

export type GroundParts = Pick<
  Ground,
  'layout' | 'policyFile' | 'now' | 'hostInstall' | 'credentials' | 'identities' | 'verify'
>;

export function groundOf(parts: GroundParts): Ground {
  const { layout, policyFile } = parts;
  const loaded = once(() => loadPolicy(policyFile));
  const inForce = once(() => loadInForce(layout, policyFile, recordedPolicy(layout)));
  return {
    ...parts,
    guest: isGuest(layout.root),
    blank: isBlank(layout),
    daemon: once(() => daemonState(layout)),
    loaded,
    policy: () => valid(inForce(), policyFile),
    state: once(() => readState(layout)),
    current: once(() => readCurrent(layout)),
  };
}

/** Who may not even look for the journal sees that there is something. */
function isBlank(layout: Layout): boolean {
  try {
    return journalStanding(layout) === 'blank';
  } catch (error) {
    if (closedPlace(error) === null) throw error;
    return false;
  }
}

function valid(loaded: LoadedPolicy, file: string): PolicyInForce {
  if (loaded.policy !== null) return loaded.policy;
  const cause = loaded.unreadable ?? null;
  const message = 'there is no valid policy';
  throw new Failure('policy-invalid', { message, step: 'doctor', input: file, cause });
}

function readState(layout: Layout): State {
  const reader = openReaderOf(layout);
  try {
    return reader.state();
  } finally {
    reader.close();
  }
}

/** Throws again what it threw the first time. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | { error: unknown } | null = null;
  return () => {
    if (made === null) {
      try {
        made = { value: make() };
      } catch (error) {
        made = { error };
      }
    }
    if ('error' in made) throw made.error;
    return made.value;
  };
}
