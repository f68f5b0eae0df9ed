/** The world as facts, once a wake. Changes nothing; what cannot be read is a fact too. */
import { readCurrent } from '../host/files/links.ts';
import { isOperator } from '../host/sandbox/operators.ts';
import type { Facts } from '../model/fact.ts';
import type { Layout } from '../model/layout.ts';
import type { Digest, ReleaseId } from '../model/release.ts';
import { readSwitches } from '../store/switches.ts';
import { agentsReader } from './agents.ts';
import { type Dirty, dropWatch } from './drops.ts';
import { kept } from './kept.ts';
import type { PolicySource } from './policy.ts';
import { seenRequests } from './requests.ts';

export interface Sources {
  layout: Layout;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Policy `limits.settle`, as in force. */
  settle: () => number;
  policy: Pick<PolicySource, 'refresh' | 'seen'>;
  /** Installed on a host, not run from a checkout. */
  hostInstall?: boolean;
}

/** Why the loop woke. */
export interface Woken {
  tick: boolean;
  /** Inboxes to look into, if it is known which; a tick looks into all. */
  dirty: Dirty;
  /** Releases whose agents matter now, beside `current`. */
  releases: Iterable<ReleaseId>;
  /** Versions of the policy that somebody may want to go back to. */
  policies?: readonly Digest[];
}

/** The facts, but for what only the loop itself knows. */
export type Seen = Omit<Facts, 'underway' | 'stopping'>;

export interface Observer {
  observe(woken: Woken): Seen;
  /** What could not be read at the last look: a path and the system's code. */
  faults(): ReadonlyMap<string, string>;
}

export function observer(sources: Sources): Observer {
  const { layout, now, settle, policy, hostInstall = false } = sources;
  const drops = dropWatch(layout, settle);
  const agents = agentsReader(layout);
  let controlFault: string | null = null;
  let switchFault: string | null = null;
  const observe = ({ tick, dirty, releases, policies = [] }: Woken): Seen => {
    const control = seenRequests(layout, hostInstall ? isOperator : () => true);
    controlFault = control.fault;
    const asked = new Set(control.requests.map(({ request }) => request?.verb));
    const rollsBack = asked.has('policy-rollback');
    if (tick || rollsBack || asked.has('policy-apply')) policy.refresh();
    const switches = readSwitches(layout);
    switchFault = switches.readable ? null : switches.cause;
    const current = readCurrent(layout);
    const matter = new Set(current === null ? releases : [current, ...releases]);
    return {
      tick,
      ...drops.look(tick ? null : dirty, now()),
      requests: control.requests,
      requestFiles: control.files,
      switches,
      policyFile: policy.seen(rollsBack ? policies : []),
      current,
      agents: agents.read(matter),
      hostInstall,
      kept: tick ? kept(layout) : [],
    };
  };
  const faults = () => {
    const found = new Map<string, string>();
    if (controlFault !== null) found.set(layout.control, controlFault);
    if (switchFault !== null) found.set(layout.switches, switchFault);
    for (const [agent, cause] of drops.faults()) {
      found.set(agent === '*' ? layout.inboxes : layout.inbox(agent), cause);
    }
    for (const [release, cause] of agents.faults()) found.set(layout.release(release), cause);
    return found;
  };
  return { observe, faults };
}
