import type { ReleaseId } from '../model/release.ts';
import type { RunBrief } from '../model/run.ts';
import type { RunPath } from '../model/runtime.ts';
import type { AgentRecord } from '../model/state.ts';
import { counts, speaks } from './attribute.ts';

/** An agent's recorded runs on a release that say something of it: evidence, for or against. */
export function evidence(record: AgentRecord | undefined, release: ReleaseId | null): RunBrief[] {
  return (record?.recent ?? []).filter(
    (run) => run.release === release && (speaks(run) || counts(run)),
  );
}

/** The same path failed for this agent on the baseline too: its failure says nothing new. */
export function alsoFailsOn(
  run: RunBrief,
  record: AgentRecord | undefined,
  release: ReleaseId | null,
): boolean {
  const before = evidence(record, release).findLast((one) => one.path === run.path);
  return before !== undefined && counts(before);
}

/** Paths that act more often than they find nothing to do come first. */
const eager: readonly RunPath[] = ['standing', 'drive', 'task', 'thread', 'triage'];

/**
 * The path to run next so that it gives evidence: each scheduled path once, then the ones that
 * had something to do before, in turn.
 */
export function pathFor(
  scheduled: readonly RunPath[],
  done: readonly RunBrief[],
  record: AgentRecord | undefined,
): RunPath | null {
  const known = scheduled.length > 0 ? scheduled : eager;
  const order = eager.filter((path) => known.includes(path));
  const fresh = order.find((path) => !done.some((run) => run.path === path));
  if (fresh !== undefined) return fresh;
  const acted = (path: RunPath) =>
    [...done, ...(record?.recent ?? [])].some((run) => run.path === path && run.steps > 0);
  const useful = order.filter(acted);
  const choice = useful.length > 0 ? useful : order;
  const times = (path: RunPath) => done.filter((run) => run.path === path).length;
  return choice.toSorted((a, b) => times(a) - times(b))[0] ?? null;
}

export function median(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
