/** Read everything that `status` shows; nothing is changed and no lock is taken. */
import { readCurrent } from '../host/files/links.ts';
import { isStopped } from '../host/process/process-identity.ts';
import type { Layout } from '../model/layout.ts';
import { Failure, type Reason } from '../model/reason.ts';
import { host, nothing, type State } from '../model/state.ts';
import type { Head } from '../store/chain.ts';
import { daemonState } from '../store/daemon.ts';
import { journalStanding } from '../store/lived.ts';
import { loadInForce, policyGone } from '../store/policies.ts';
import { loadPolicy } from '../store/policy.ts';
import { readRuntimeConfig } from '../store/runtime-config.ts';
import { readStuck } from '../store/stuck.ts';
import { readSwitches } from '../store/switches.ts';
import type { Call } from './call.ts';
import { reading } from './open.ts';
import { startOf } from './place.ts';
import type { Picture } from './shape/status.ts';

export function readPicture({
  layout,
  place,
  now,
}: Pick<Call, 'layout' | 'place' | 'now'>): Picture {
  const blank = journalStanding(layout) === 'blank';
  const read = blank ? { state: nothing, head: null, fault: null } : readState(layout);
  const { state, head, fault } = read;
  const link = readCurrent(layout);
  const { policyFile } = place;
  const { policy } = loadInForce(layout, policyFile, host(state).policy);
  const file = loadPolicy(policyFile);
  const daemon = daemonState(layout);
  return {
    start: startOf(place),
    state,
    journalHead: head,
    journalFault: fault,
    blank,
    daemon,
    stopped: daemon.pid !== null && isStopped(daemon.pid),
    // Without the folder nothing was halted yet, as long as nothing was started either.
    switches: blank ? { readable: true, halts: [] } : readSwitches(layout),
    link,
    agents: link === null ? [] : readRuntimeConfig(layout, link).agents,
    policy,
    policyFile: file.policy?.digest ?? null,
    policyFaults: file.faults,
    policyGone: policyGone(layout, policyFile),
    stuck: blank ? null : readStuck(layout),
    now: now(),
  };
}

function readState(layout: Layout): { state: State; head: Head | null; fault: Reason | null } {
  try {
    return reading(layout, (reader) => {
      return { state: reader.glance(), head: reader.head(), fault: null };
    });
  } catch (error) {
    if (error instanceof Failure) return { state: nothing, head: null, fault: error.reason };
    throw error;
  }
}
