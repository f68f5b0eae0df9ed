import type { View } from '../../supervisor/decide/view.ts';
import type {
  BakeRecord,
  CanaryRecord,
  Candidate,
  Deployment,
  Rollback,
} from '../../supervisor/model/deployment.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import type { Halt, HaltScope } from '../../supervisor/model/halt.ts';
import { type PolicyInForce, policySchema } from '../../supervisor/model/policy.ts';
import type { GateName, GateResult, Proposal } from '../../supervisor/model/proposal.ts';
import { type Reason, type ReasonCode, reason } from '../../supervisor/model/reason.ts';
import type { BadMark, Release } from '../../supervisor/model/release.ts';
import type { Run, RunBrief, RunEnding, RunSpec } from '../../supervisor/model/run.ts';
import { type Agent, agentSchema } from '../../supervisor/model/runtime.ts';
import {
  type AgentRecord,
  type HostRecord,
  nothing,
  type State,
  type Table,
  type Tables,
} from '../../supervisor/model/state.ts';
import type { Pending, Retry, Step } from '../../supervisor/model/step.ts';
import { stepKey } from '../../supervisor/model/step.ts';

/** The instant of every test, unless it says otherwise. */
export const now = Date.UTC(2026, 0, 5, 12);
export const at = (ms: number): string => new Date(ms).toISOString();
export const because = (code: ReasonCode = 'run-failed'): Reason =>
  reason(code, { message: code, step: 'test' });

export const gate = (name: GateName, outcome: GateResult['outcome'] = 'pass'): GateResult => ({
  ...{ name, outcome, ms: 1, findings: [] },
});

/** A provider that is no rehearsal. */
export const paid = { provider: 'anthropic', url: 'http://localhost', model: 'm', keyFile: 'k' };

/** A policy as written in the file, over one that leaves nothing out. */
export function policy(change: Record<string, unknown> = {}): PolicyInForce {
  const written = {
    runtime: { source: '..', include: ['app', 'config', 'kernel'], entry: ['node'] },
    permissions: [
      { paths: ['app/**', 'config/**'] },
      { paths: ['kernel/**'], approval: 'operator' },
    ],
    smoke: { suite: 'smoke' },
    models: { cheap: [paid] },
    ...change,
  };
  const parsed = policySchema.parse(written);
  return { policy: parsed, folder: '/etc', file: '/etc/airlock.yaml', digest: 'p'.repeat(64) };
}

export const agent = (name: string, change: Partial<Agent> = {}): Agent => ({
  ...agentSchema.parse({ name, model: 'cheap', schedule: { task: '0 * * * *' } }),
  ...change,
});

export const digest = (letter: string): string => letter.repeat(64);

/** A release named by a letter; its digest is that letter. */
export const release = (id: string, change: Partial<Release> = {}): Release => ({
  ...{ id, digest: digest(id), parent: null, proposal: null, proposer: null, deps: null },
  createdAt: at(now - 3_600_000),
  stableAt: null,
  removedAt: null,
  ...change,
});

export const stable = (id: string, ms: number, change: Partial<Release> = {}): Release =>
  release(id, { stableAt: at(ms), createdAt: at(ms), ...change });

export const bad = (id: string): BadMark => ({
  ...{ digest: digest(id), release: id, at: at(now), code: 'canary-failed', message: 'it broke' },
});

export const proposal = (id: string, change: Partial<Proposal> = {}): Proposal => ({
  ...{ id, drop: id, file: `${id}.patch`, title: id, why: '', form: 'patch', proposer: 'maker' },
  ...{ run: null, onRelease: null, base: 'a', paths: ['app/x.md'], sha256: digest('9') },
  ...{ release: null, digest: null, phase: 'received', phaseAt: at(now), reason: null },
  ...{ receivedAt: at(now), endedAt: null, held: false, approval: null, gates: [] },
  ...{ authority: [], canary: null },
  ...change,
});

export const candidate = (id: string, change: Partial<Candidate> = {}): Candidate => ({
  ...{ release: id, digest: digest(id), changes: [{ path: 'app/x.md', kind: 'changed' }] },
  ...{ deps: null, depsChanged: false, depsReady: false, configFaults: [] },
  before: [agent('maker'), agent('scout')],
  after: [agent('maker'), agent('scout')],
  ...change,
});

export const slot = (change: Partial<Deployment> = {}): Deployment => ({
  ...{ proposal: 'p', phase: 'staging', since: now, onto: 'a', candidate: null, gates: [] },
  ...{ canary: null, bake: null },
  ...change,
});

export const canaryOf = (name: string, change: Partial<CanaryRecord> = {}): CanaryRecord => ({
  ...{ agent: name, startedAt: now, deadline: now + 900_000, runs: [], extra: 0, paired: 0 },
  ...change,
});

export const bakeOf = (change: Partial<BakeRecord> = {}): BakeRecord => ({
  ...{ startedAt: now - 3_600_000, runs: [], suspects: [], confirm: null, firstEvidence: null },
  ...change,
});

let runs = 0;
/** An ended run that speaks for its release. */
export const brief = (change: Partial<RunBrief> = {}): RunBrief => ({
  ...{ id: `run-${++runs}`, agent: 'maker', path: 'task', release: 'b', kind: 'service' },
  ...{ outcome: 'ok', cause: null, durationMs: 10_000, usd: 0.1, steps: 3, endedAt: now - 60_000 },
  ...change,
});
export const failure = (change: Partial<RunBrief> = {}): RunBrief =>
  brief({ outcome: 'failed', cause: 'runtime', ...change });

export const record = (name: string, change: Partial<AgentRecord> = {}): AgentRecord => ({
  ...{ name, paths: {}, recent: [], lastRun: null, failures: 0, waitUntil: 0, lastTurn: 0 },
  ...change,
});

export const running = (id: string, change: Partial<Run> = {}): Run => ({
  ...{ id, agent: 'maker', path: 'task', release: 'a', kind: 'service', deployment: null },
  ...{ outcome: 'running', cause: null, reason: null, startedAt: at(now), endedAt: null },
  ...{ durationMs: null, usd: 0, steps: 0, policy: '', rehearsed: false },
  ...change,
});

export const spec = (id: string, change: Partial<RunSpec> = {}): RunSpec => ({
  ...{ id, agent: agent('maker'), path: 'task', release: 'a', kind: 'service' },
  ...{ deployment: null, extra: false, wall: 600_000, policy: '' },
  ...change,
});

export const ending = (
  change: Partial<RunEnding> = {},
  door: Partial<RunEnding['door']> = {},
): RunEnding => ({
  ...{ exit: 0, signal: null, stoppedBy: null, hostFault: null, durationMs: 1000, stderrTail: '' },
  door: {
    ...{ steps: 2, usd: 0.1, turns: { begun: 1, ended: 1 }, calls: [], errors: [] },
    ...{ tokens: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 }, lastFailure: null },
    ...{ scriptFaults: [], rehearsed: false },
    ...door,
  },
  ...change,
});

export const pending = (step: Step, change: Partial<Pending> = {}): Pending => ({
  ...{ key: stepKey(step), step, since: now, attempts: 1 },
  ...change,
});

export const retry = (key: string, ms: number, step: Retry['step'] = null): Retry => ({
  ...{ key, step, attempts: 1, at: ms, reason: because('host-failed') },
});

export const rollingBack = (change: Partial<Rollback> = {}): Rollback => ({
  ...{ from: 'b', to: 'a', reason: because('bake-failed'), by: 'airlock', bad: true },
  ...{ clear: false, startedAt: now, request: null },
  ...change,
});

/** Rows by table, of which a test names those that matter to it. */
export type Rows = { [T in Exclude<Table, 'host' | 'deployment' | 'rollback'>]?: Tables[T][] } & {
  host?: Partial<HostRecord>;
  deployment?: Deployment;
  rollback?: Rollback;
};

/** A state of rows; the current release is `a` unless said otherwise. */
export function state(rows: Rows = {}): State {
  const tables: Record<string, Map<string, unknown>> = {};
  const idOf: Partial<Record<Table, (row: never) => string>> = {
    agents: (row: AgentRecord) => row.name,
    bad: (row: BadMark) => row.digest,
    pending: (row: Pending) => row.key,
    retries: (row: Retry) => row.key,
  };
  const { host, deployment, rollback, ...lists } = rows;
  for (const [table, list] of Object.entries(lists)) {
    const id = (idOf[table as Table] ?? ((row: { id: string }) => row.id)) as (
      row: unknown,
    ) => string;
    tables[table] = new Map((list as unknown[]).map((row) => [id(row), row]));
  }
  if (deployment) tables.deployment = new Map([['deployment', deployment]]);
  if (rollback) tables.rollback = new Map([['rollback', rollback]]);
  const blank: HostRecord = {
    ...{ current: 'a', currentSince: 0, counter: 100, lastTick: null, policy: policy().digest },
    ...{ switches: [], proofs: [], stillborn: null },
  };
  tables.host = new Map([['host', { ...blank, ...host }]]);
  return { ...nothing, ...tables } as State;
}

export const halt = (scope: HaltScope, target: string | null = null): Halt => ({
  ...{ scope, target, reason: '', by: 'root', at: '' },
});

export function facts(change: Partial<Facts> = {}): Facts {
  return {
    ...{
      tick: false,
      drops: [],
      unlooked: false,
      requests: [],
      requestFiles: new Set(),
      current: 'a',
    },
    switches: { readable: true, halts: [] },
    policyFile: { policy: policy(), fault: null, kept: new Set<string>() },
    agents: new Map([
      ['a', [agent('maker'), agent('scout')]],
      ['b', [agent('maker'), agent('scout')]],
    ]),
    ...{ underway: new Set(), kept: [], hostInstall: false, stopping: false },
    ...change,
  };
}

export const view = (
  rows: Parameters<typeof state>[0] = {},
  seen: Partial<Facts> = {},
  change: { policy?: PolicyInForce; now?: number } = {},
): View => ({ state: state(rows), facts: facts(seen), policy: policy(), now, ...change });

/** A decision in words: its marks, then the names of its steps. */
export const said = (decision: { marks: { mark: string }[]; steps: Step[] }): string[] => [
  ...decision.marks.map((one) => one.mark),
  ...decision.steps.map((one) => (one.do === 'run' ? `run ${one.run.agent.name}` : stepKey(one))),
];
