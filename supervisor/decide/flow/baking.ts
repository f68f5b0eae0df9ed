import type { Deployment } from '../../model/deployment.ts';
import { type BakeQuestion, confirmNext, judgeBake, toStart } from '../bake.ts';
import { beginRollback } from '../rollback.ts';
import { mayStart, runStep } from '../starts.ts';
import {
  agentsNow,
  busy,
  type Decision,
  haltOf,
  locked,
  mark,
  none,
  skipped,
  start,
  unaudited,
  type View,
} from '../view.ts';

/** All agents run on it: confirm what fails, start who would not run in time, end the bake. */
export function baking(view: View, slot: Deployment): Decision {
  const { bake, candidate } = slot;
  if (bake === null || candidate === null) return none;
  const question = bakeQuestion(view, bake);
  const verdict = judgeBake(question);
  if (verdict.is === 'bad' || verdict.is === 'inconclusive') {
    const bad = verdict.is === 'bad';
    return beginRollback(view, { reason: verdict.reason, by: 'airlock', bad });
  }
  if (locked(view) || unaudited(view)) return none;
  if (verdict.is === 'stable') {
    const { release } = candidate;
    return mark({ mark: 'stable', proposal: slot.proposal, release, reason: verdict.reason });
  }
  const confirm = confirmFailure(view, slot);
  return confirm ?? startUnseen(view, slot, question);
}

function bakeQuestion(view: View, bake: NonNullable<Deployment['bake']>): BakeQuestion {
  return {
    bake,
    agents: agentsNow(view).filter((agent) => Object.keys(agent.schedule).length > 0),
    records: view.state.agents,
    skipped: (agent) => skipped(view, agent),
    limits: view.policy.policy.bake,
    now: view.now,
  };
}

/** The oldest open failure is run again at once: on the release, then on the stable one. */
function confirmFailure(view: View, slot: Deployment): Decision | null {
  const { bake, candidate, onto } = slot;
  const next = bake === null ? null : confirmNext(bake, view.now);
  if (next === null || candidate === null || onto === null) return null;
  if ('cleared' in next) {
    const { cleared, because } = next;
    return mark({ mark: 'cleared', proposal: slot.proposal, run: cleared.id, because });
  }
  if (busy(view, next.run.agent)) return null;
  const release = next.on === 'current' ? candidate.release : onto;
  const agent = view.facts.agents.get(release)?.find((one) => one.name === next.run.agent);
  if (agent === undefined || haltOf(view, agent) !== null) return null;
  if (!mayStart(view.state, release)) return null;
  const { path } = next.run;
  const what = { agent, path, release, kind: 'confirm' as const, deployment: slot.proposal };
  const decision = start(view, runStep(view, { ...what, extra: true }));
  return decision.steps.length > 0 ? decision : null;
}

function startUnseen(view: View, slot: Deployment, question: BakeQuestion): Decision {
  const running = view.state.runs.size;
  const room = view.policy.policy.limits.run.concurrent - running;
  const release = slot.candidate?.release;
  const idle = toStart(question).filter(({ agent }) => !busy(view, agent.name));
  if (room <= 0 || release === undefined) return none;
  const kind = 'service' as const;
  const steps = idle
    .slice(0, room)
    .map(({ agent, path }) =>
      runStep(view, { agent, path, release, kind, deployment: slot.proposal, extra: true }),
    );
  return start(view, ...steps);
}
