import type { Log } from '../host/log.ts';
import type { Probe } from '../host/path/probe.ts';
import type { Programs } from '../host/process/programs.ts';
import type { Confine } from '../host/sandbox/confine.ts';
import type { Identities } from '../host/sandbox/identities.ts';
import type { Layout } from '../model/layout.ts';
import type { PolicyInForce } from '../model/policy.ts';
import type { GateResult } from '../model/proposal.ts';
import type { State } from '../model/state.ts';
import type { StartedRun } from './run/run.ts';
import type { Threads } from './tasks.ts';

/** Something under way that can be cancelled. */
export interface Work {
  cancel(): void;
  /** Never rejects; settles once its outcome was told. */
  ended: Promise<void>;
}

/** What effects work with. Nothing here is decided; nothing here is remembered but what runs. */
export interface World {
  layout: Layout;
  programs: Programs;
  /** Every sandbox starts through it: here, or by the launcher of a host install. */
  confine: Confine;
  /** Installed on a host, not run from a checkout. */
  hostInstall: boolean;
  identities: Identities;
  log: Log;
  /** Tries as agents' users whether they can change what runs start from. */
  probe: Probe;
  /** Milliseconds since 1970. */
  now: () => number;
  policy: () => PolicyInForce;
  /** As it was when the step was decided. */
  state: () => State;
  /** Sealing, staging and removing, off the loop's thread. */
  threads: Threads;
  /** Runs under way in this process. */
  running: Map<string, StartedRun>;
  /** Work for a deployment under way in this process, by the key of its step. */
  working: Map<string, Work>;
  /** Build gates that passed, by digests of release and policy. */
  built: Map<string, GateResult>;
  /** A number that no other run of this process got. */
  nextNumber: () => number;
}
