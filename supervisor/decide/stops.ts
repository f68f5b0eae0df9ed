import type { Run } from '../model/run.ts';
import { deployment, host } from '../model/state.ts';
import type { Step } from '../model/step.ts';
import { agentsNow, type Decision, haltOf, start, type View } from './view.ts';

/** Runs that must not go on: of a halted scope, or on a release that was left on purpose. */
export function stops(view: View): Decision {
  const steps = [...view.state.runs.values()].flatMap((run): Step[] => {
    const why = whyStop(view, run);
    return why === null ? [] : [{ do: 'stop', run: run.id, why }];
  });
  return start(view, ...steps);
}

function whyStop(view: View, run: Run): 'halt' | 'rollback' | null {
  const entry = agentsNow(view).find((agent) => agent.name === run.agent);
  const agent = entry ?? { name: run.agent, tenant: 'default' };
  if (haltOf(view, agent as Parameters<typeof haltOf>[1]) !== null) return 'halt';
  const { switches } = view.facts;
  if (switches.halts.some((halt) => halt.scope === 'run' && halt.target === run.id)) return 'halt';
  return left(view, run) ? 'rollback' : null;
}

/** On a barred release, or on a candidate whose canary has ended otherwise than by promotion. */
function left(view: View, run: Run): boolean {
  const { state } = view;
  if (run.release === host(state).current) return false;
  const digest = state.releases.get(run.release)?.digest;
  if (digest !== undefined && state.bad.has(digest)) return true;
  const slot = deployment(state);
  const wanted = slot !== null && slot.candidate?.release === run.release;
  return run.kind === 'canary' && !wanted;
}
