/** What runs spent that a crash of the supervisor cut off. */
import type { Layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';
import type { State } from '../model/state.ts';
import { readTrace, spentIn } from '../store/traces.ts';

/**
 * USD by id, of runs whose end is not on record: their traces tell. Of one that does not tell all,
 * a run's whole budget counts.
 */
export function spentByCutOff(layout: Layout, state: State): ReadonlyMap<string, number> {
  const specs = [...state.pending.values()].flatMap(({ step }) =>
    step.do === 'run' ? [step.run] : [],
  );
  return new Map(
    specs.map(({ id, agent }) => {
      const { usd, whole } = lookInto(layout.trace(id));
      return [id, whole ? usd : Math.max(usd, agent.budget.run ?? 0)];
    }),
  );
}

function lookInto(file: string): { usd: number; whole: boolean } {
  try {
    const trace = readTrace(file);
    // Opened before anything else of a run is: without one it had no door to spend through.
    return trace === null ? { usd: 0, whole: true } : spentIn(trace);
  } catch (error) {
    if (!(error instanceof Failure || (error instanceof Error && 'code' in error))) throw error;
    return { usd: 0, whole: false };
  }
}
