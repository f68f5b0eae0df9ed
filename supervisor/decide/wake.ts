import { deployment } from '../model/state.ts';
import { retryAt } from './bake.ts';
import { afterSpoiled } from './canary.ts';
import type { View } from './view.ts';

/**
 * When the loop should look again by itself (milliseconds since 1970); null: only when something
 * happens or the tick beats. A hint, not a promise: the tick alone reaches every decision.
 */
export function nextWake(view: View): number | null {
  const { state, facts, policy, now } = view;
  if (facts.unlooked) return now;
  const slot = deployment(state);
  const { expires } = policy.policy.approval;
  const times = [
    ...facts.drops.filter((drop) => !drop.ready).map((drop) => drop.readyAt),
    ...[...state.retries.values()].map((retry) => retry.at),
    ...[...state.agents.values()].flatMap((agent) => [
      ...Object.values(agent.paths).map((path) => path.next),
      ...(agent.waitUntil > now ? [agent.waitUntil] : []),
    ]),
    ...[...state.proposals.values()]
      .filter((one) => one.phase === 'awaiting-approval')
      .map((one) => Date.parse(one.phaseAt) + expires),
    ...[...state.proposals.values()]
      .filter((one) => one.phase === 'gating' && one.approval !== null)
      .map((one) => Date.parse(one.approval?.at ?? '') + expires),
  ];
  if (slot?.phase === 'canary' && slot.canary) {
    const paired = state.agents.get(slot.canary.agent)?.recent ?? [];
    times.push(slot.canary.deadline, afterSpoiled(slot.canary.runs), afterSpoiled(paired));
  }
  if (slot?.phase === 'baking' && slot.bake) {
    const { bake } = slot;
    times.push(bake.startedAt + policy.policy.bake.for, bake.startedAt + policy.policy.bake.max);
    times.push(bake.confirm?.notBefore ?? 0, ...bake.runs.map((run) => retryAt([run])));
  }
  const future = times.filter((at) => at > now && Number.isFinite(at));
  return future.length === 0 ? null : Math.min(...future);
}
