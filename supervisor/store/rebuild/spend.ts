/** What agents spent today, when the journal that knew it is gone: their traces tell. */
import { kindOf, listFolder } from '../../host/files/files.ts';
import { instant } from '../../model/duration.ts';
import type { Layout } from '../../model/layout.ts';
import { type Reason, reason, reasonOf } from '../../model/reason.ts';
import type { Run } from '../../model/run.ts';
import { pathSchema } from '../../model/runtime.ts';
import { readTrace, type Spent, spentIn } from '../traces.ts';
import { timeOf } from './proposals.ts';

export interface SpentToday {
  /** One row for each run of today, or rehearsal, whose trace tells of money. */
  runs: Run[];
  /** Agents of which nobody knows what they spent today; null: of none it is known. */
  unknown: string[] | null;
  lost: string[];
}

/** The day is that of UTC, as everywhere. */
export function spentToday(layout: Layout, current: string | null, now: number): SpentToday {
  if (kindOf(layout.traces) !== 'folder') {
    const lost = 'what was spent today: there is no folder of traces; the day counts as spent';
    return { runs: [], unknown: null, lost: [lost] };
  }
  const today = instant(now).slice(0, 10);
  const found: SpentToday & { unknown: string[] } = { runs: [], unknown: [], lost: [] };
  for (const name of listFolder(layout.traces)) {
    const spec = runOf(name);
    if (spec === null || !timeOf(spec.id).startsWith(today)) continue;
    const { spent, fault } = look(layout.trace(spec.id));
    if (spent.usd > 0 || !spent.whole) found.runs.push(rowOf(spec, { spent, current, now }));
    if (spent.whole) continue;
    if (!found.unknown.includes(spec.agent)) found.unknown.push(spec.agent);
    const why = fault === null ? 'its trace is not whole' : fault.message;
    found.lost.push(`run ${spec.id}: what it spent (${why}); the day of its agent counts as spent`);
  }
  return found;
}

type Spec = Pick<Run, 'id' | 'agent' | 'path'>;

/** `<UTC>-<agent>-<path>-<number>.jsonl`; null for any other name. */
function runOf(name: string): Spec | null {
  const parts = /^(\d{8}T\d{6}Z-(.+)-([a-z]+)-\d+)\.jsonl$/.exec(name);
  const [, id, agent, path] = parts ?? [];
  const known = pathSchema.safeParse(path);
  return id === undefined || agent === undefined || !known.success
    ? null
    : { id, agent, path: known.data };
}

function look(file: string): { spent: Spent; fault: Reason | null } {
  const nothing = { usd: 0, steps: 0, whole: false };
  try {
    const trace = readTrace(file);
    return { spent: trace === null ? nothing : spentIn(trace), fault: null };
  } catch (error) {
    return { spent: nothing, fault: reasonOf(error, 'read trace') };
  }
}

function rowOf(
  spec: Spec,
  { spent, current, now }: { spent: Spent; current: string | null; now: number },
): Run {
  const message = 'what came of it stood in a journal that was damaged; its trace is kept';
  const because = reason('journal-damaged', { message, step: 'rebuild', input: spec.id });
  return {
    ...spec,
    ...{ release: current ?? 'unknown', kind: 'service', deployment: null },
    ...{ outcome: 'interrupted', cause: null, reason: because },
    ...{ startedAt: timeOf(spec.id), endedAt: instant(now), durationMs: null },
    ...{ usd: spent.usd, steps: spent.steps, policy: '', rehearsed: false },
  };
}
