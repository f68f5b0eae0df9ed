import type { Change, Finding, GateResult } from './proposal.ts';
import type { Reason } from './reason.ts';
import type { Digest, ReleaseId } from './release.ts';
import type { RunBrief } from './run.ts';
import type { Agent } from './runtime.ts';

/** Phases in which a deployment holds the one slot. */
export type DeploymentPhase = 'staging' | 'gating' | 'canary' | 'promoting' | 'baking';

/** The slot: one change on its way. Times are milliseconds since 1970. */
export interface Deployment {
  /** null: the first release of this host, made from the source folder. */
  proposal: string | null;
  phase: DeploymentPhase;
  since: number;
  /** `current` when it was staged: what a rollback leaves and what the baseline ran on. */
  onto: ReleaseId | null;
  candidate: Candidate | null;
  gates: GateResult[];
  canary: CanaryRecord | null;
  bake: BakeRecord | null;
  /** In a host install: the path was found safe since it is to be promoted. */
  audited?: boolean;
}

/** What staging found of the candidate. */
export interface Candidate {
  release: ReleaseId;
  digest: Digest;
  /** Against `onto`. */
  changes: Change[];
  deps: string | null;
  depsChanged: boolean;
  depsReady: boolean;
  /** Agents of `onto`, null for a first release; of the candidate, null when it does not parse. */
  before: Agent[] | null;
  after: Agent[] | null;
  configFaults: Finding[];
}

export interface CanaryRecord {
  agent: string;
  startedAt: number;
  deadline: number;
  /** Ended runs on the candidate, oldest first, evidence or not. */
  runs: RunBrief[];
  /** Runs on the candidate started beyond the schedule. */
  extra: number;
  /** Paired runs on `current`, made first when the baseline is short. */
  paired: number;
}

export interface BakeRecord {
  startedAt: number;
  /** Last ended run of each agent and path on the new release. */
  runs: RunBrief[];
  /** Failures that count, still open: neither confirmed nor explained. */
  suspects: RunBrief[];
  /** Reruns of the oldest suspect. */
  confirm: Confirm | null;
  /** First failure that counts, for invariant 6. */
  firstEvidence: number | null;
}

/** Whether the oldest suspect's failure is the release's: again on it, then on the stable one. */
export interface Confirm {
  suspect: string;
  again: RunBrief | null;
  onStable: RunBrief | null;
  /** Reruns that gave no evidence. */
  tries: number;
  /** No rerun before; milliseconds since 1970. */
  notBefore: number;
}

/** A rollback under way. */
export interface Rollback {
  from: ReleaseId | null;
  to: ReleaseId | null;
  reason: Reason;
  by: string;
  /** Mark the one that is left as bad. */
  bad: boolean;
  /** Clear the bad mark of the target: an operator's word. */
  clear: boolean;
  startedAt: number;
  /** The operator's request that asked for it. */
  request: string | null;
  /** Stable ones that turned out damaged on the way. */
  passed?: ReleaseId[];
}
