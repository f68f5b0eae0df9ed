import type { Weakness } from './audit.ts';
import type { Candidate } from './deployment.ts';
import type { GateName, GateResult, Sealed } from './proposal.ts';
import type { Reason } from './reason.ts';
import type { Digest, Release, ReleaseId } from './release.ts';
import type { RunEnding, RunSpec } from './run.ts';
import type { Rehearsal } from './scenario.ts';
import type { Answer, Notice } from './state.ts';

/**
 * A step: one effect as data. Its intent is durable before it starts, its outcome after it ends,
 * and it may safely be repeated. One executor each, in `act/table.ts`.
 */
export type Step =
  /** Claim a drop by one rename and copy it out of its agent's reach. */
  | {
      do: 'seal';
      id: string;
      agent: string;
      drop: string;
      /** The run of this agent that was going on, and its release. */
      run: { id: string; release: ReleaseId } | null;
      at: number;
    }
  /** Build the candidate; `proposal` null: the first release, from the source folder. */
  | {
      do: 'stage';
      proposal: string | null;
      base: ReleaseId | null;
      onto: ReleaseId | null;
      at: number;
    }
  /** Install the dependencies of a release, once per lock-file digest. */
  | { do: 'deps'; release: ReleaseId; digest: string }
  | { do: 'build'; proposal: string | null; release: ReleaseId }
  /** Rehearse the suite on the candidate, on `current` and on a broken release. */
  | {
      do: 'smoke';
      proposal: string | null;
      release: ReleaseId;
      current: ReleaseId | null;
      /** Digest of the suite that `current` passed not long ago; null: it must show it again. */
      proven: string | null;
    }
  /** Rehearse the suite on `current` under another policy. */
  | { do: 'try-policy'; policy: Digest; release: ReleaseId }
  | { do: 'run'; run: RunSpec }
  | { do: 'stop'; run: string; why: 'halt' | 'operator' | 'rollback' }
  /** Stop what is under way for a change that does not go on: a rehearsal, a build, an install. */
  | { do: 'cancel'; key: string }
  /** Move `current`; `from` is what it must be before. */
  | { do: 'flip'; to: ReleaseId; from: ReleaseId | null; why: 'first' | 'promote' | 'rollback' }
  /** Write `receipts/<agent>/<proposal>.json` from the proposal's row. */
  | { do: 'receipt'; proposal: string; agent: string }
  | { do: 'answer'; request: string; answer: Answer }
  | { do: 'notify'; notice: Notice }
  /** Switch a host halt on: no stable release is left. */
  | { do: 'halt'; reason: string }
  /** Walk the invocation path and try it as each agent's user; `release`: about to be current. */
  | { do: 'audit'; release: ReleaseId | null }
  /** Remove what is no longer needed. */
  | { do: 'discard'; what: 'release' | 'intake' | 'trace' | 'request'; id: string };

export type StepKind = Step['do'];

/** Work for a change that may stop midway. A run is stopped instead, with the reason why. */
export const cancellable: ReadonlySet<StepKind> = new Set<StepKind>([
  ...(['stage', 'deps', 'build', 'smoke', 'try-policy'] as const),
]);

/** What came of a step: facts. `failed` is the same for every step: it could not be carried out. */
export type Outcome =
  | { of: 'failed'; reason: Reason }
  | { of: 'sealed'; sealed: Sealed }
  | { of: 'withdrawal'; target: string }
  | { of: 'unsealed'; title: string | null; reasons: Reason[] }
  /** The drop was gone before it could be claimed. */
  | { of: 'gone' }
  | { of: 'staged'; release: Release; candidate: Candidate }
  | { of: 'unstaged'; reasons: Reason[] }
  | { of: 'deps' }
  | { of: 'no-deps'; reasons: Reason[] }
  | { of: 'built'; gate: GateResult }
  | { of: 'rehearsed'; smoke: SmokeFacts }
  | { of: 'ended'; ending: RunEnding; at: number }
  | { of: 'flipped' }
  | { of: 'moved'; actual: ReleaseId | null }
  /** The path was walked and tried; no finding: nobody else can change it. */
  | { of: 'audited'; findings: Weakness[] }
  /** It was cancelled before its end: that says nothing of anything. */
  | { of: 'stopped' }
  | { of: 'done' };

/** What the smoke gate's runs showed. */
export interface SmokeFacts {
  ms: number;
  /** Digest of the supervisor's scenarios as they were read. */
  suite: string;
  candidate: Rehearsal[];
  /** The same suite on `current`; null when there is none yet. */
  current: Rehearsal[] | 'proven' | null;
  /** The same suite on the built-in broken release. */
  broken: Rehearsal[];
  /** Scenarios that could not be read or did not get to run: each makes the gate an error. */
  faults: Reason[];
}

/** An intent without an outcome yet. */
export interface Pending {
  key: string;
  step: Step;
  /** Milliseconds since 1970. */
  since: number;
  /** How often it was started. */
  attempts: number;
}

/** A step that failed and may be tried again. */
export interface Retry {
  key: string;
  /** What is tried again where the facts do not say it: a seal may have claimed its drop. */
  step: (Step & { do: 'seal' }) | null;
  attempts: number;
  /** Not before; milliseconds since 1970. */
  at: number;
  reason: Reason;
}

/** The name of a step: the same step decided twice has the same. */
export function stepKey(step: Step): string {
  switch (step.do) {
    case 'seal':
      return `seal:${step.agent}/${step.drop}`;
    case 'stage':
      return `stage:${step.proposal ?? 'first'}`;
    case 'deps':
      return `deps:${step.release}`;
    case 'build':
    case 'smoke':
      return `${step.do}:${step.release}`;
    case 'try-policy':
      return `try-policy:${step.policy}:${step.release}`;
    case 'run':
      return `run:${step.run.id}`;
    case 'stop':
      return `stop:${step.run}`;
    case 'cancel':
      return `cancel:${step.key}`;
    case 'flip':
      return `flip:${step.why}:${step.to}`;
    case 'receipt':
      return `receipt:${step.proposal}`;
    case 'answer':
      return `answer:${step.request}`;
    case 'notify':
      return `notify:${step.notice.id}`;
    case 'halt':
      return 'halt:host';
    case 'audit':
      return `audit:${step.release ?? 'host'}`;
    case 'discard':
      return `discard:${step.what}:${step.id}`;
  }
}

export type { GateName };
