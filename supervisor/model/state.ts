import type { AuditRecord } from './audit.ts';
import type { Deployment, Rollback } from './deployment.ts';
import type { GateResult, Proposal } from './proposal.ts';
import type { Reason } from './reason.ts';
import type { BadMark, Digest, Release, ReleaseId } from './release.ts';
import type { Run, RunBrief, RunCause, RunOutcome } from './run.ts';
import type { RunPath } from './runtime.ts';
import type { Pending, Retry } from './step.ts';

/** When a path of an agent is due. */
export interface PathSchedule {
  cron: string;
  zone: string;
  /** Next start, jitter included; milliseconds since 1970. */
  next: number;
  /** Starts that fell together into one because nothing could run. */
  missed: number;
}

export interface AgentRecord {
  name: string;
  paths: Partial<Record<RunPath, PathSchedule>>;
  /** Ended runs, newest last, at most `recentRuns`. */
  recent: RunBrief[];
  lastRun: { id: string; outcome: RunOutcome; cause: RunCause | null; at: string } | null;
  /** Proposals that failed one after another. */
  failures: number;
  /** Its proposals wait until then. */
  waitUntil: number;
  /** Journal position when a proposal of its last got the slot: who waited longest is first. */
  lastTurn: number;
}

/** How many ended runs an agent's record keeps for baselines. */
export const recentRuns = 30;

/** An answered request: kept until its file is gone, so that it is never carried out twice. */
export interface Answered {
  id: string;
  at: number;
  answer: Answer;
  /** The answer file is written. */
  told: boolean;
}

export interface Answer {
  ok: boolean;
  /** Exit code of the command that asked. */
  exit: number;
  message: string;
  reason: Reason | null;
  data: unknown;
}

/** A message to people that still has to go out (policy `notify`). */
export interface Notice {
  id: string;
  event: string;
  at: number;
  subject: string;
  reason: Reason | null;
}

/** A receipt that still has to be written, or written again. */
export interface DueReceipt {
  /** The proposal's. */
  id: string;
  agent: string;
}

/** A release passed the supervisor's own suite. */
export interface Proof {
  release: ReleaseId;
  /** Digests of the suite and of the policy in force. */
  suite: string;
  policy: Digest;
  at: number;
}

export interface HostRecord {
  /** What `current` is, as last flipped or seen. */
  current: ReleaseId | null;
  currentSince: number;
  /** The source of every number in an id. */
  counter: number;
  lastTick: number | null;
  policy: Digest | null;
  /** Versions to go back to, newest last, the one in force at the end; at most `keptPolicies`. */
  policies?: Digest[];
  /** A version that is being shown to work, or waits for that. */
  trial?: PolicyTrial | null;
  /** The last version that was not taken. */
  declined?: DeclinedPolicy | null;
  /** Names of switch files that were on when last looked at. */
  switches: string[];
  /** Releases that passed the supervisor's suite, newest last, at most `keptProofs`. */
  proofs: Proof[];
  /** Refusal of the first release: the supervisor does not start. */
  stillborn: Reason | null;
  /** The clock went back: until then its instants were there before. */
  /** The last audit since the start; null, or none: not yet. Of a host install alone. */
  audit?: AuditRecord | null;
  repeats?: number | null;
  /** What was found of the journal itself, until an operator says that he has read it. */
  journal?: JournalNews | null;
  /** Faults of the chain that an operator knows of. */
  knownFaults?: string[];
}

/** `rebuilt`: it was damaged, and made anew from files; `broken`: its chain does not hold. */
export type JournalFault = 'rebuilt' | 'broken';

export interface JournalNews {
  at: number;
  what: JournalFault;
  /** What could not be rebuilt, or what does not hold, one thing each. */
  found: string[];
  /** Where the damaged file is now. */
  aside: string | null;
  /** Agents of which nobody knows what they spent on the day of `at`; null: of nobody it is. */
  unknownSpend?: string[] | null;
}

/** Whether `current` passes under another policy. */
export interface PolicyTrial {
  policy: Digest;
  by: string;
  /** Who waits for the answer. */
  request: string | null;
  since: number;
  /** What the rehearsals showed; null: not yet. */
  gate: GateResult | null;
  /** They could not take place. */
  fault: Reason | null;
}

export interface DeclinedPolicy {
  policy: Digest;
  by: string;
  reason: Reason;
  at: number;
  /** Not tried again before the file changes or somebody asks. */
  final: boolean;
}

/** How many versions of the policy the host's record names. */
export const keptPolicies = 10;

/** How many proofs the host's record keeps. */
export const keptProofs = 4;

/** A refused drop that never became a proposal still has a row; it is a proposal in `refused`. */
export interface Tables {
  proposals: Proposal;
  releases: Release;
  runs: Run;
  agents: AgentRecord;
  bad: BadMark;
  deployment: Deployment;
  rollback: Rollback;
  pending: Pending;
  retries: Retry;
  answers: Answered;
  notices: Notice;
  receipts: DueReceipt;
  host: HostRecord;
}

export type Table = keyof Tables;
export const tableNames = [
  'proposals',
  'releases',
  'runs',
  'agents',
  'bad',
  'deployment',
  'rollback',
  'pending',
  'retries',
  'answers',
  'notices',
  'receipts',
  'host',
] as const satisfies readonly Table[];

/** All that decisions need to remember: the live rows of every table. Never changed in place. */
export type State = { readonly [T in Table]: ReadonlyMap<string, Tables[T]> };

/**
 * One row to write. `live: false` keeps it in the journal and lets it go from memory;
 * `value: null` removes it from both.
 */
export type Put = {
  [T in Table]: { table: T; id: string; value: Tables[T] | null; live: boolean };
}[Table];

export const nothing: State = Object.fromEntries(
  tableNames.map((name) => [name, new Map()]),
) as unknown as State;

/** The state after some rows were written. Pure: copies only the tables that change. */
export function apply(state: State, puts: readonly Put[]): State {
  if (puts.length === 0) return state;
  const next: Record<string, Map<string, unknown>> = {};
  for (const put of puts) {
    next[put.table] ??= new Map<string, unknown>(state[put.table]);
    if (put.value !== null && put.live) next[put.table]?.set(put.id, put.value);
    else next[put.table]?.delete(put.id);
  }
  return { ...state, ...next } as State;
}

/** Rows of which there is one. */
export const host = (state: State): HostRecord =>
  state.host.get('host') ?? {
    current: null,
    currentSince: 0,
    counter: 0,
    lastTick: null,
    policy: null,
    switches: [],
    proofs: [],
    stillborn: null,
  };
export const deployment = (state: State) => state.deployment.get('deployment') ?? null;
export const rollback = (state: State) => state.rollback.get('rollback') ?? null;
