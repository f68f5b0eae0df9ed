import type { AuthorityFinding, CanaryOutcome, GateResult, Phase } from './proposal.ts';
import type { Reason } from './reason.ts';
import type { Digest, ReleaseId } from './release.ts';
import type { RunPath } from './runtime.ts';
import type { Answer, JournalFault } from './state.ts';

/** `start`: nothing was on record, or what was cannot be read; `first`: no release yet. */
export type PolicyWhy = 'start' | 'first' | 'smoke' | 'rollback';

/** A judgment on record: it changes nothing but the journal. */
export type Mark =
  /** A proposal gets the slot; `straight`: approved and still fitting, so on to the canary. */
  | { mark: 'begin'; proposal: string | null; onto: ReleaseId | null; straight: boolean }
  | { mark: 'gate'; proposal: string | null; gate: GateResult; authority: AuthorityFinding[] }
  /** Waits for a human; frees the slot. */
  | { mark: 'ask-approval'; proposal: string; reason: Reason }
  | { mark: 'approved'; proposal: string; digest: Digest; by: string }
  /** The candidate changed since the approval: ask again. */
  | { mark: 'approval-void'; proposal: string; digest: Digest }
  | { mark: 'unheld'; proposal: string; by: string }
  | { mark: 'canary'; proposal: string; agent: string; deadline: number }
  | { mark: 'promote'; proposal: string | null; canary: CanaryOutcome; reason: Reason | null }
  /** The end of a proposal that never was current; `bad`: on evidence. */
  | { mark: 'end'; proposal: string | null; phase: Phase; reason: Reason; bad: boolean }
  | { mark: 'cleared'; proposal: string | null; run: string; because: string }
  | { mark: 'stable'; proposal: string | null; release: ReleaseId; reason: Reason | null }
  | {
      mark: 'rollback';
      from: ReleaseId | null;
      to: ReleaseId | null;
      reason: Reason;
      by: string;
      bad: boolean;
      clear: boolean;
      request: string | null;
    }
  /** `current` is not what the journal says; `back`: it may not be that, and goes there instead. */
  | {
      mark: 'current-moved';
      release: ReleaseId | null;
      was: ReleaseId | null;
      by: string;
      back?: { to: ReleaseId; because: string };
    }
  | { mark: 'unbarred'; digest: Digest; by: string; reason: string }
  | { mark: 'answered'; request: string; answer: Answer; by: string; verb: string }
  | { mark: 'forget-answer'; request: string }
  | { mark: 'forget'; proposals: string[] }
  | { mark: 'scheduled'; agent: string; path: RunPath; cron: string; zone: string; next: number }
  | { mark: 'unscheduled'; agent: string; path: RunPath }
  /** A start that was due was left out; the next one is set. */
  | { mark: 'missed'; agent: string; path: RunPath; next: number; missed: number }
  | { mark: 'interrupted'; run: string; key: string; usd: number }
  | { mark: 'switches'; on: string[]; off: string[]; names: string[] }
  /** A version of the policy is in force from now on; `from`: the one before. */
  | { mark: 'policy'; digest: Digest; from: Digest | null; by: string; why: PolicyWhy }
  /** It is to be shown that `current` passes under it; `request`: who waits for that. */
  | { mark: 'policy-try'; digest: Digest; by: string; request: string | null }
  /** It is not taken; `final`: not before the file changes or somebody asks. */
  | { mark: 'policy-declined'; digest: Digest; by: string; reason: Reason; final: boolean }
  /** Rows that nobody's entry wrote are named by this one: an upgrade of the journal. */
  | { mark: 'covered'; rows: number }
  /** The journal was damaged, or its chain does not hold: what of it nobody knows any more. */
  | {
      mark: 'journal-found';
      what: JournalFault;
      found: string[];
      aside: string | null;
      unknownSpend?: string[] | null;
    }
  /** An operator has read what was found. */
  | { mark: 'journal-known'; by: string; reason: string }
  | { mark: 'tick' }
  /** The wall clock moved by this much against the time that passed; milliseconds. */
  | { mark: 'clock'; by: number }
  | { mark: 'started'; pid: number; version: string }
  | { mark: 'stopped'; why: string };
