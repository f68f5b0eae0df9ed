import { z } from 'zod';
import type { Reason } from './reason.ts';
import type { Digest, Instant, ReleaseId } from './release.ts';
import type { RunPath } from './runtime.ts';

/** `proposal.yaml` of an overlay (contract, section 2). */
export const proposalFileSchema = z.strictObject({
  title: z.string().min(1).max(200),
  why: z.string().max(20_000).default(''),
  base: z.string().max(100).optional(),
  delete: z.array(z.string().max(4096)).max(5000).default([]),
});
export type ProposalFile = z.infer<typeof proposalFileSchema>;

/** One path that a proposal or release changes against its base. */
export interface Change {
  path: string;
  kind: 'added' | 'changed' | 'removed';
}

/** What was found in a drop once it was sealed. All of it is the agent's word, checked for form. */
export interface Sealed {
  form: 'patch' | 'overlay';
  title: string;
  why: string;
  base: ReleaseId | null;
  /** Every path it touches, as the agent wrote it, sorted. For a patch: both sides of renames. */
  paths: string[];
  bytes: number;
  /** sha256 over the sealed content: the same drop twice has the same. */
  sha256: string;
  /** Name of the user whose files it is made of; in a host install. */
  owner?: string;
}

/** Every phase of the way of a change, explained where it is declared (architecture, section 2). */
export const phases = {
  received: 'sealed, its proposer known; waits for its turn',
  staging: 'the candidate is being built from base and change',
  gating: 'policy, config, build and smoke run, in this order',
  'awaiting-approval': 'a human must say yes to exactly this digest',
  canary: "one agent's real runs start from the candidate",
  promoting: '`current` is flipped and read back',
  baking: 'all agents run on it; every failed run is watched',
  stable: 'it survived: it may serve as a rollback target',
  refused: 'never ran for real',
  aborted: 'ran as a canary, and was stopped',
  'rolled-back': 'was current, and was taken back',
  withdrawn: 'taken back by its proposer',
} as const;
export type Phase = keyof typeof phases;

/** Phases that end a proposal. */
export const terminal: ReadonlySet<Phase> = new Set<Phase>([
  'stable',
  'refused',
  'aborted',
  'rolled-back',
  'withdrawn',
]);

export type GateName = 'policy' | 'config' | 'build' | 'smoke';

export interface Finding {
  /** What was checked: a path, a file, a check's command, a scenario's name. */
  subject: string;
  reason: Reason;
  /** The invocation path that failed, in the smoke gate. */
  path?: RunPath;
}

export interface GateResult {
  name: GateName;
  /** `error`: it could not run, which is a failure (invariant 12). */
  outcome: 'pass' | 'fail' | 'error';
  ms: number;
  findings: Finding[];
}

/** One way in which a change raises authority or touches another's entry. */
export interface AuthorityFinding {
  agent: string;
  kind: 'other-agent' | 'budget' | 'tool' | 'model' | 'new-agent' | 'schedule' | 'reach' | 'deps';
  message: string;
}

export interface Approval {
  digest: Digest;
  by: string;
  at: Instant;
}

/** What the journal holds of a proposal. */
export interface Proposal {
  id: string;
  /** The name it was dropped under, without its ending; `file` is the whole name. */
  drop: string;
  file: string;
  title: string;
  why: string;
  form: 'patch' | 'overlay';
  proposer: string;
  /** Name of the user who owned the drop; in a host install. */
  owner?: string;
  /** The run that dropped it, if its proposer was running. */
  run: string | null;
  /** The release that run was on. */
  onRelease: ReleaseId | null;
  /** Named by the proposal itself, else `current` when it was sealed. */
  base: ReleaseId | null;
  paths: string[];
  sha256: string;
  /** The candidate, once staged. */
  release: ReleaseId | null;
  digest: Digest | null;
  phase: Phase;
  /** Since when it is in this phase. */
  phaseAt: Instant;
  reason: Reason | null;
  receivedAt: Instant;
  endedAt: Instant | null;
  /** Held for an operator: the run that dropped it was on a release that turned out bad. */
  held: boolean;
  approval: Approval | null;
  gates: GateResult[];
  authority: AuthorityFinding[];
  canary: null | { agent: string; runs: string[]; outcome: CanaryOutcome };
}

export type CanaryOutcome = 'running' | 'pass' | 'fail' | 'inconclusive' | 'skipped';
