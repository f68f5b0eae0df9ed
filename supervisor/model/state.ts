import type { Change, Finding, GateResult, Proposal } from './proposal.ts';
import type { Reason } from './reason.ts';
import type { BadMark, Digest, Release, ReleaseId } from './release.ts';
import type { Run, RunBrief, RunCause, RunOutcome } from './run.ts';
import type { Agent, RunPath } from './runtime.ts';
import type { Pending, Retry } from './step.ts';

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
  passed?: ReleaseId[]; // stable ones that turned out damaged
}

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

export interface DueReceipt {
  id: string;
  agent: string;
}

/** A release passed the supervisor's own suite; the newest four are kept. */
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
  /** Names of switch files that were on when last looked at. */
  switches: string[];
  /** Releases that passed the supervisor's suite, newest last, the newest four. */
  proofs: Proof[];
  /** Refusal of the first release: the supervisor does not start. */
  stillborn: Reason | null;
  repeats?: number | null; // the clock went back: until then its instants were there before
}

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
