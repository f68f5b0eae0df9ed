/** The rows of a big host: 1,000 agents with their last runs, 1,000 releases, a long journal. */
import type { RunBrief } from '../supervisor/model/run.ts';
import type { AgentRecord, Put } from '../supervisor/model/state.ts';
import type { Journal } from '../supervisor/store/journal.ts';
import { aProposal, aRelease, aRun, put, tick } from '../test/fixtures/store/rows.ts';

/** How many agents, and how many releases. */
export const many = 1000;
export const agentName = (n: number) => `agent-${n}`;
export const cron = '0 0 * * *';
const day = 86_400_000;

/** Write all that into a journal; a tenth of the entries brought a run each. */
export function fill(journal: Journal, entries: number): void {
  journal.commit([], numbers(many).map(anAgent));
  const releases = numbers(many).map(aRelease);
  journal.commit(
    [],
    releases.map((one) => put('releases', one.id, one)),
  );
  journal.commit([], numbers(2000).map(pastProposal));
  const batch = 10_000;
  for (let done = 0; done < entries; done += batch) {
    const runs = numbers(batch / 10).map((n) => pastRun(done / 10 + n));
    journal.commit(
      numbers(batch).map((n) => tick(done + n)),
      runs,
    );
  }
}

/** Not due before tomorrow: a daemon that is started on this has nothing to run. */
function anAgent(n: number): Put {
  const name = agentName(n);
  const recent = numbers(30).map((m) => brief(`${name}-${m}`, name));
  const next = (Math.floor(Date.now() / day) + 1) * day;
  const paths = { task: { cron, zone: 'UTC', next, missed: 0 } };
  const lastRun = { id: `${name}-29`, outcome: 'ok', cause: null, at: '2026-11-21T01:18:50Z' };
  const blank = { failures: 0, waitUntil: 0, lastTurn: 0 };
  const record = { name, paths, recent, lastRun, ...blank } as AgentRecord;
  return put('agents', name, record);
}

function brief(id: string, agent: string): RunBrief {
  const said = { path: 'task', kind: 'service', outcome: 'ok', cause: null } as const;
  const counted = { durationMs: 1234, usd: 0.0123, steps: 3, endedAt: 1_795_225_516_249 };
  return { id, agent, release: '20261121T011850Z-0123456789', ...said, ...counted };
}

function pastRun(n: number): Put {
  const deployment = n % 50 === 0 ? `p${n % 2000}` : null;
  const run = aRun(n, { agent: agentName(n % many), deployment });
  return put('runs', run.id, run, false);
}

function pastProposal(n: number): Put {
  return put('proposals', `p${n}`, aProposal(`p${n}`, { phase: 'stable' }), false);
}

export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
