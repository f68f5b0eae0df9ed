import type { Deployment } from '../model/deployment.ts';
import type { Run } from '../model/run.ts';
import { deployment, host, rollback } from '../model/state.ts';
import type { Step } from '../model/step.ts';
import { trialsToCancel } from './policies.ts';
import { agentsNow, type Decision, haltOf, hostHalted, locked, start, type View } from './view.ts';

/**
 * What must not go on: runs of a halted scope or on a release that was left on purpose, and the
 * work for a change that ended, or stands still under lockdown, a rollback or a halted host.
 */
export function stops(view: View): Decision {
  return start(view, ...runsToStop(view), ...workToCancel(view), ...trialsToCancel(view));
}

function runsToStop(view: View): Step[] {
  return [...view.state.runs.values()].flatMap((run): Step[] => {
    const why = whyStop(view, run);
    return why === null ? [] : [{ do: 'stop', run: run.id, why }];
  });
}

function workToCancel(view: View): Step[] {
  const { state } = view;
  const still = locked(view) || rollback(state) !== null;
  const slot = still ? null : deployment(state);
  return [...state.pending.values()]
    .filter(({ step }) => deploys(step) && !(isFor(slot, step) && mayGoOn(view, step)))
    .map(({ key }) => ({ do: 'cancel', key }));
}

type Work = Extract<Step, { do: 'stage' | 'deps' | 'build' | 'smoke' }>;

const deploys = (step: Step): step is Work =>
  step.do === 'stage' || step.do === 'deps' || step.do === 'build' || step.do === 'smoke';

/** A halt would be judged with a rehearsal, which is run again; a build that has begun may end. */
const mayGoOn = (view: View, step: Work): boolean =>
  step.do !== 'smoke' || !hostHalted(view.facts.switches);

function isFor(slot: Deployment | null, step: Step): boolean {
  if (slot === null || !deploys(step)) return false;
  if (step.do === 'stage') return slot.phase === 'staging' && slot.proposal === step.proposal;
  return slot.phase === 'gating' && slot.candidate?.release === step.release;
}

function whyStop(view: View, run: Run): 'halt' | 'rollback' | null {
  const entry = agentsNow(view).find((agent) => agent.name === run.agent);
  const agent = entry ?? { name: run.agent, tenant: 'default' };
  if (haltOf(view, agent as Parameters<typeof haltOf>[1]) !== null) return 'halt';
  const { switches } = view.facts;
  if (switches.halts.some((halt) => halt.scope === 'run' && halt.target === run.id)) return 'halt';
  return left(view, run) ? 'rollback' : null;
}

/**
 * On a barred release, on a candidate whose canary has ended otherwise than by promotion, or a
 * rerun for a bake that is over.
 */
function left(view: View, run: Run): boolean {
  const { state } = view;
  if (run.release === host(state).current) return false;
  const digest = state.releases.get(run.release)?.digest;
  if (digest !== undefined && state.bad.has(digest)) return true;
  const slot = deployment(state);
  const wanted = slot !== null && slot.candidate?.release === run.release;
  if (run.kind === 'confirm') return slot?.phase !== 'baking' || slot.proposal !== run.deployment;
  return run.kind === 'canary' && !wanted;
}
