import type { CanaryRecord } from '../model/deployment.ts';
import { numbered } from '../model/numbered.ts';
import type { Policy } from '../model/policy.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { RunBrief } from '../model/run.ts';
import type { Agent } from '../model/runtime.ts';
import type { AgentRecord } from '../model/state.ts';
import { counts, speaks } from './attribute.ts';
import { alsoFailsOn, evidence, median } from './baseline.ts';

/** Differences below these say nothing: seconds and cents vary by themselves. */
const noise = { ms: 2000, usd: 0.01 };

/**
 * Who the canary is: an agent other than the proposer, where there is one, with the most recorded
 * runs; the latest run and then the name decide a tie. A name in policy wins if that agent exists.
 */
export function chooseCanary(
  wanted: string,
  proposer: string | null,
  agents: readonly Agent[],
  records: ReadonlyMap<string, AgentRecord>,
  mayRun: (agent: Agent) => boolean,
): Agent | null {
  const named = agents.find((agent) => agent.name === wanted);
  if (named !== undefined) return named;
  const able = agents.filter(mayRun);
  const others = able.filter((agent) => agent.name !== proposer);
  const runs = (agent: Agent) => records.get(agent.name)?.recent ?? [];
  const last = (agent: Agent) => runs(agent).at(-1)?.endedAt ?? 0;
  const ranked = (others.length > 0 ? others : able).toSorted(
    (a, b) =>
      runs(b).length - runs(a).length ||
      last(b) - last(a) ||
      (a.name < b.name ? -1 : Number(a.name > b.name)),
  );
  return ranked[0] ?? null;
}

/** After a run that an outage or a host spoiled, wait a little instead of spending the rest. */
const pause = 5_000;

/** When the next run may start after these, the newest last; milliseconds since 1970. */
export function afterSpoiled(done: readonly RunBrief[]): number {
  const last = done.at(-1);
  return last === undefined || last.outcome === 'ok' ? 0 : last.endedAt + pause;
}

export type CanaryVerdict =
  | { is: 'pass' }
  | { is: 'fail'; reason: Reason }
  | { is: 'inconclusive'; reason: Reason }
  /** More runs are needed: paired ones on `current` first, where the baseline is short. */
  | { is: 'more'; on: 'current' | 'candidate' | null };

export interface CanaryQuestion {
  canary: CanaryRecord;
  record: AgentRecord | undefined;
  /** The release whose runs are the baseline. */
  onto: string | null;
  limits: Policy['canary'];
  now: number;
}

/** The analysis: pass, fail, inconclusive, or more runs. Missing data is never a pass. */
export function judgeCanary(question: CanaryQuestion): CanaryVerdict {
  const { canary, record, onto, limits, now } = question;
  const failed = canary.runs.find((run) => counts(run) && !alsoFailsOn(run, record, onto));
  if (failed !== undefined) return { is: 'fail', reason: failure(failed) };
  const good = canary.runs.filter(speaks);
  const baseline = evidence(record, onto);
  const short = baseline.length < limits.runs && canary.paired < limits.extraRuns;
  if (good.length >= limits.runs && !short) {
    const verdict = compare(good, baseline.filter(speaks), limits);
    if (verdict !== null) return verdict;
  }
  if (now >= canary.deadline) return { is: 'inconclusive', reason: tooLittle(question, good) };
  if (short) return { is: 'more', on: 'current' };
  return { is: 'more', on: canary.extra < limits.extraRuns ? 'candidate' : null };
}

function failure(run: RunBrief): Reason {
  return reason('canary-failed', {
    message: `the canary's ${run.path} run ${run.id} of ${run.agent} ended ${run.outcome}`,
    step: 'canary',
    input: run.id,
    expected: 'ok',
    actual: `${run.outcome}, cause ${run.cause}`,
  });
}

/** Path by path against the same agent's baseline; null: nothing to compare with yet. */
function compare(
  good: readonly RunBrief[],
  baseline: readonly RunBrief[],
  limits: Policy['canary'],
): CanaryVerdict | null {
  // An agent whose baseline only fails has nothing to compare: completing a turn is the gain.
  if (baseline.length === 0) return { is: 'pass' };
  let compared = 0;
  for (const path of new Set(good.map((run) => run.path))) {
    const of = (runs: readonly RunBrief[], what: 'durationMs' | 'usd') =>
      median(runs.filter((run) => run.path === path).map((run) => run[what]));
    const [ms, msBefore] = [of(good, 'durationMs'), of(baseline, 'durationMs')];
    const [usd, usdBefore] = [of(good, 'usd'), of(baseline, 'usd')];
    if (ms === null || msBefore === null || usd === null || usdBefore === null) continue;
    compared++;
    if (ms > limits.duration * msBefore && ms - msBefore > noise.ms) {
      return { is: 'fail', reason: worse('canary-slow', path, ms, msBefore, 'ms') };
    }
    if (usd > limits.cost * usdBefore && usd - usdBefore > noise.usd) {
      return { is: 'fail', reason: worse('canary-costly', path, usd, usdBefore, 'USD') };
    }
  }
  return compared > 0 ? { is: 'pass' } : null;
}

function worse(
  code: 'canary-slow' | 'canary-costly',
  path: string,
  now: number,
  before: number,
  unit: string,
): Reason {
  return reason(code, {
    message: `path ${path}: ${now} ${unit} on the candidate, ${before} ${unit} on the baseline`,
    step: 'canary',
    expected: `about ${before} ${unit}`,
    actual: `${now} ${unit}`,
  });
}

function tooLittle(question: CanaryQuestion, good: readonly RunBrief[]): Reason {
  const { canary, limits } = question;
  return reason('canary-inconclusive', {
    message: `${good.length} of ${limits.runs} runs gave evidence before the deadline`,
    step: 'canary',
    input: canary.agent,
    expected: `${limits.runs} runs that completed a turn`,
    actual: `${numbered(canary.runs.length, 'run')}, ${good.length} with evidence`,
  });
}
