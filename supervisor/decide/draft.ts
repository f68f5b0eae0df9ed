import type { Deployment } from '../model/deployment.ts';
import { instant } from '../model/duration.ts';
import type { PolicyInForce } from '../model/policy.ts';
import { type Phase, type Proposal, terminal } from '../model/proposal.ts';
import type { Reason } from '../model/reason.ts';
import {
  type AgentRecord,
  deployment,
  type HostRecord,
  host,
  type Put,
  type State,
  type Table,
  type Tables,
} from '../model/state.ts';

/** Rows being written for entries: reads see the writes so far. Local to one `advance`. */
export class Draft {
  readonly puts: Put[] = [];
  #state: State;
  /** Tables that were copied already: each is copied once, when it is first written. */
  readonly #own = new Set<Table>();
  readonly policy: PolicyInForce;
  /** When the entry being written was recorded. */
  now = 0;

  constructor(state: State, policy: PolicyInForce) {
    this.#state = state;
    this.policy = policy;
  }

  get state(): State {
    return this.#state;
  }

  put<T extends Table>(table: T, id: string, value: Tables[T] | null, live = value !== null): void {
    const put = { table, id, value, live } as Put;
    this.puts.push(put);
    if (!this.#own.has(table)) {
      this.#own.add(table);
      this.#state = { ...this.#state, [table]: new Map(this.#state[table]) };
    }
    const rows = this.#state[table] as Map<string, Tables[T]>;
    if (value !== null && live) rows.set(id, value);
    else rows.delete(id);
  }

  host(change: Partial<HostRecord>): void {
    this.put('host', 'host', { ...host(this.#state), ...change });
  }

  deployment(change: Partial<Deployment>): void {
    const now = deployment(this.#state);
    if (now !== null) this.put('deployment', 'deployment', { ...now, ...change });
  }

  agent(name: string, change: (record: AgentRecord) => Partial<AgentRecord>): void {
    const blank = { paths: {}, recent: [], lastRun: null, failures: 0, waitUntil: 0, lastTurn: 0 };
    const record = this.#state.agents.get(name) ?? { name, ...blank };
    this.put('agents', name, { ...record, ...change(record) });
  }

  proposal(id: string | null, change: Partial<Proposal>): void {
    const row = id === null ? undefined : this.#state.proposals.get(id);
    if (row !== undefined) this.put('proposals', row.id, { ...row, ...change });
  }

  /** Move a proposal to a phase; its proposer gets a receipt, people a notice where they asked. */
  phase(id: string | null, phase: Phase, reason: Reason | null): void {
    const row = id === null ? undefined : this.#state.proposals.get(id);
    if (row === undefined) return;
    const at = instant(this.now);
    const ended = terminal.has(phase);
    this.proposal(row.id, { phase, phaseAt: at, reason, endedAt: ended ? at : null });
    this.put('receipts', row.id, { id: row.id, agent: row.proposer });
    if (noticed.has(phase)) this.notice(phase, row.id, reason);
  }

  notice(event: string, subject: string, reason: Reason | null): void {
    if (this.policy.policy.notify === undefined) return;
    const id = `${this.number()}`;
    this.put('notices', id, { id, event, at: this.now, subject, reason });
  }

  /** The next number of this host: ids are made of it. */
  number(): number {
    const counter = host(this.#state).counter + 1;
    this.host({ counter });
    return counter;
  }
}

const noticed: ReadonlySet<Phase> = new Set<Phase>([
  'awaiting-approval',
  'refused',
  'aborted',
  'rolled-back',
]);
