import type { BakeRecord, Confirm } from '../model/deployment.ts';
import type { Policy } from '../model/policy.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { RunBrief } from '../model/run.ts';
import type { Agent, RunPath } from '../model/runtime.ts';
import type { AgentRecord } from '../model/state.ts';
import { counts, speaks } from './attribute.ts';
import { pathFor } from './baseline.ts';

export interface BakeQuestion {
  bake: BakeRecord;
  /** Agents of `current` that have a schedule. */
  agents: readonly Agent[];
  records: ReadonlyMap<string, AgentRecord>;
  /** Why an agent cannot run now; null when it can. */
  skipped: (agent: Agent) => string | null;
  limits: Policy['bake'];
  now: number;
}

export type BakeVerdict =
  | { is: 'stable'; reason: Reason | null }
  | { is: 'bad'; reason: Reason }
  | { is: 'inconclusive'; reason: Reason }
  | { is: 'watch' };

/** Whether a release that all agents run on has survived, by what their runs showed so far. */
export function judgeBake(question: BakeQuestion): BakeVerdict {
  const { bake, limits, now } = question;
  const confirmed = confirmedFailure(bake, limits.failedRuns);
  if (confirmed !== null) return { is: 'bad', reason: confirmed };
  const [seenOnes, others] = split(question);
  // Who is halted is not due; but somebody must have been seen, or nothing was watched at all.
  const unseen = seenOnes.length === 0 ? question.agents : others;
  const open = bake.suspects.length > 0;
  const timeUp = now >= bake.startedAt + limits.for;
  if (timeUp && !open && unseen.length === 0) return { is: 'stable', reason: null };
  if (now < bake.startedAt + limits.max) return { is: 'watch' };
  return { is: 'inconclusive', reason: notSeen(unseen, bake.suspects) };
}

function split({ agents, bake, skipped }: BakeQuestion): [Agent[], Agent[]] {
  const done = agents.filter((agent) => seen(agent, bake));
  return [done, agents.filter((agent) => !seen(agent, bake) && skipped(agent) === null)];
}

/** A second agent's failure, or the same path failing again here and passing on the stable one. */
function confirmedFailure(bake: BakeRecord, failedRuns: number): Reason | null {
  const { suspects, confirm } = bake;
  const agents = new Set(suspects.map((run) => run.agent));
  const [first] = suspects;
  if (first === undefined) return null;
  if (agents.size >= 2 && suspects.length >= failedRuns) {
    return because(first, `${agents.size} agents failed on it: ${[...agents].join(', ')}`);
  }
  const again = confirm?.again ?? null;
  const onStable = confirm?.onStable ?? null;
  if (again !== null && counts(again) && onStable !== null && speaks(onStable)) {
    return because(
      first,
      `${first.agent} failed again on ${first.path}, and passed on the stable one`,
    );
  }
  return null;
}

function because(run: RunBrief, message: string): Reason {
  return reason('bake-failed', {
    message,
    step: 'bake',
    input: run.id,
    expected: 'runs that complete',
    actual: `${run.outcome}, cause ${run.cause}`,
  });
}

/** An agent was seen when a turn completed, or when each of its paths ended without a failure. */
export function seen(agent: Agent, bake: BakeRecord): boolean {
  const own = bake.runs.filter((run) => run.agent === agent.name);
  if (own.some(speaks)) return true;
  const paths = Object.keys(agent.schedule);
  return paths.every((path) => own.some((run) => run.path === path && run.outcome === 'ok'));
}

function notSeen(unseen: readonly Agent[], open: readonly RunBrief[]): Reason {
  const names = unseen.map((agent) => agent.name).join(', ');
  return reason('bake-inconclusive', {
    message:
      unseen.length > 0
        ? `no completed turn of ${names} within bake.max`
        : `${open.length} failed runs could be neither confirmed nor explained within bake.max`,
    step: 'bake',
    expected: 'a completed turn of every scheduled agent, and no open failure',
    actual: unseen.length > 0 ? `not seen: ${names}` : open.map((run) => run.id).join(', '),
  });
}

/** Agents to start now because their schedule would not let them run before the bake is over. */
export function toStart(question: BakeQuestion): { agent: Agent; path: RunPath }[] {
  const { bake, records, limits, now } = question;
  const end = bake.startedAt + limits.for;
  return question.agents
    .filter((agent) => !seen(agent, bake) && question.skipped(agent) === null)
    .filter((agent) => !bake.suspects.some((run) => run.agent === agent.name))
    .flatMap((agent) => {
      const record = records.get(agent.name);
      const due = Object.values(record?.paths ?? {}).some(
        (path) => path.next > now && path.next <= end,
      );
      const own = bake.runs.filter((run) => run.agent === agent.name);
      const waiting = due || now < retryAt(own);
      const path = waiting ? null : pathFor(Object.keys(agent.schedule) as RunPath[], own, record);
      return path === null ? [] : [{ agent, path }];
    });
}

/** Between two starts that gave no evidence: an outage must not become a storm. */
const pause = 15_000;
export const retryAt = (own: readonly RunBrief[]) => {
  const last = Math.max(0, ...own.filter((run) => run.outcome !== 'ok').map((run) => run.endedAt));
  return last === 0 ? 0 : last + pause;
};

export type ConfirmStep =
  | { run: RunBrief; on: 'current' | 'stable' }
  /** The suspect is explained: no evidence against the release. */
  | { cleared: RunBrief; because: string }
  | null;

/** What to do next to confirm the oldest suspect. */
export function confirmNext(bake: BakeRecord, now: number): ConfirmStep {
  const [suspect] = bake.suspects;
  if (suspect === undefined) return null;
  const confirm: Confirm | null = bake.confirm?.suspect === suspect.id ? bake.confirm : null;
  if (confirm !== null && now < confirm.notBefore) return null;
  const again = confirm?.again ?? null;
  if (again === null) return { run: suspect, on: 'current' };
  if (speaks(again)) return { cleared: suspect, because: 'the same path passed when run again' };
  const onStable = confirm?.onStable ?? null;
  if (onStable === null) return { run: suspect, on: 'stable' };
  return counts(onStable)
    ? { cleared: suspect, because: 'the same path fails on the stable release too' }
    : null;
}

/** A rerun's end, taken into the confirmation. One that is no evidence is tried again later. */
export function confirmed(bake: BakeRecord, run: RunBrief, onCurrent: boolean): Confirm | null {
  const oldest = bake.suspects[0];
  // A rerun may outlive the deployment or the suspicion that it was started for.
  if (oldest === undefined || oldest.agent !== run.agent || oldest.path !== run.path) {
    return bake.confirm;
  }
  const suspect = oldest.id;
  const blank = { suspect, again: null, onStable: null, tries: 0, notBefore: 0 };
  const confirm = bake.confirm?.suspect === suspect ? bake.confirm : blank;
  if (!speaks(run) && !counts(run)) {
    const tries = confirm.tries + 1;
    return { ...confirm, tries, notBefore: run.endedAt + pause * 2 ** Math.min(tries - 1, 6) };
  }
  return onCurrent ? { ...confirm, again: run } : { ...confirm, onStable: run };
}
