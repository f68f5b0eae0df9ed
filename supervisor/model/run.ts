import type { Reason } from './reason.ts';
import type { Digest, Instant, ReleaseId } from './release.ts';
import type { Agent, RunPath } from './runtime.ts';

export type RunKind = 'service' | 'canary' | 'confirm' | 'smoke';
export type RunOutcome = 'running' | 'ok' | 'empty' | 'failed' | 'stopped' | 'interrupted';
export type RunCause = 'runtime' | 'upstream' | 'budget' | 'halt' | 'host' | 'timeout';

/** One invocation of one agent on one release, pinned at its start. */
export interface RunSpec {
  /** `<UTC>-<agent>-<path>-<number>`. */
  id: string;
  agent: Agent;
  path: RunPath;
  release: ReleaseId;
  kind: RunKind;
  /** The deployment it gives evidence for, a proposal's id; else null. */
  deployment: string | null;
  /** Started beyond the schedule: by the canary, the bake or an operator. */
  extra: boolean;
  /** Wall-clock limit, milliseconds. */
  wall: number;
  /** Digest of the policy in force at its start. */
  policy: Digest;
}

/**
 * What a run took too much of (policy `limits.run`); `memory` and `processes` are the kernel's
 * word. `disk`: it grew most while the disk went below `host.reserve`.
 */
export type Excess = 'output' | 'memory' | 'processes' | 'workspace' | 'inbox' | 'disk';

/** What a run's end looked like: facts only; `decide/attribute` says whose fault it was. */
export interface RunEnding {
  /** null when it was ended by a signal or never started. */
  exit: number | null;
  signal: string | null;
  /** Why the supervisor ended it, if it did. */
  stoppedBy: null | 'timeout' | 'halt' | 'operator' | 'rollback' | 'shutdown' | Excess;
  /** The sandbox or the gateway could not be set up: the host's fault. */
  hostFault: Reason | null;
  durationMs: number;
  /** Processes that it left behind when it ended by itself; they ended with it. None: left out. */
  left?: number;
  /** Last bytes of stderr, at most 64 KiB. */
  stderrTail: string;
  door: DoorSummary;
}

/** What is said of a run that left processes behind, in its trace and to operators. */
export const leftWords = (count: number): string =>
  `left ${count} ${count === 1 ? 'process' : 'processes'} behind, which ended with it`;

/** What the gateway saw of a run. */
export interface DoorSummary {
  /** Model calls that were answered. */
  steps: number;
  usd: number;
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number };
  turns: { begun: number; ended: number };
  /** Tools that the model called and the runtime answered, in order. */
  calls: string[];
  /** Errors that the runtime reported, newest last, bounded. */
  errors: ReportedError[];
  /** The last model call that got no answer, if no later one did; the run's own fault first. */
  lastFailure: null | {
    by: 'upstream' | 'halt' | 'budget' | 'script' | 'request' | 'host';
    message: string;
  };
  /** Faults of the rehearsal: a request beyond the script, a tool that was not offered. */
  scriptFaults: string[];
  /** True when every answer came from the keyless rehearsal provider (development only). */
  rehearsed: boolean;
}

/** A runtime's own report of an error (contract, section 5): an agent's words. */
export interface ReportedError {
  message: string;
  step: string | null;
  input: string | null;
  expected: string | null;
  /** Outermost first; the last is the innermost. */
  causes: string[];
}

/** What the journal holds of a run. */
export interface Run {
  id: string;
  agent: string;
  path: RunPath;
  release: ReleaseId;
  kind: RunKind;
  deployment: string | null;
  outcome: RunOutcome;
  cause: RunCause | null;
  reason: Reason | null;
  /** What an operator should know of it though it decided nothing. None: left out. */
  notes?: string[];
  startedAt: Instant;
  endedAt: Instant | null;
  /** Milliseconds; null while it runs. */
  durationMs: number | null;
  usd: number;
  steps: number;
  policy: Digest;
  /** Answered by the keyless rehearsal provider. */
  rehearsed: boolean;
}

/** A run boiled down to what canary, bake and baselines compare. */
export interface RunBrief {
  id: string;
  agent: string;
  path: RunPath;
  release: ReleaseId;
  kind: RunKind;
  outcome: RunOutcome;
  cause: RunCause | null;
  durationMs: number;
  usd: number;
  steps: number;
  /** Milliseconds since 1970. */
  endedAt: number;
}
