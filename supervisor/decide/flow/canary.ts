import type { Deployment } from '../../model/deployment.ts';
import type { RunPath } from '../../model/runtime.ts';
import { pathFor } from '../baseline.ts';
import { afterSpoiled, judgeCanary } from '../canary.ts';
import { mayStart, runStep } from '../starts.ts';
import { agentsNow, busy, type Decision, mark, none, skipped, start, type View } from '../view.ts';

/** One agent's real runs on the candidate, until the analysis says pass, fail or inconclusive. */
export function canary(view: View, slot: Deployment): Decision {
  const { candidate, canary: record, onto } = slot;
  if (candidate === null || record === null || onto === null) return none;
  const own = view.state.agents.get(record.agent);
  const limits = view.policy.policy.canary;
  const verdict = judgeCanary({ canary: record, record: own, onto, limits, now: view.now });
  if (verdict.is === 'pass') {
    return mark({ mark: 'promote', proposal: slot.proposal, canary: 'pass', reason: null });
  }
  if (verdict.is !== 'more') {
    const bad = verdict.is === 'fail';
    const end = { mark: 'end' as const, proposal: slot.proposal, phase: 'aborted' as const };
    return mark({ ...end, reason: verdict.reason, bad });
  }
  if (verdict.on === null || busy(view, record.agent)) return none;
  const onCandidate = verdict.on === 'candidate';
  const entries = onCandidate ? candidate.after : agentsNow(view);
  const agent = entries?.find((one) => one.name === record.agent);
  if (agent === undefined || skipped(view, agent) !== null) return none;
  const release = onCandidate ? candidate.release : onto;
  const done = onCandidate
    ? record.runs
    : (own?.recent ?? []).filter((run) => run.release === onto);
  if (!mayStart(view.state, release)) return none;
  const path = pathFor(Object.keys(agent.schedule) as RunPath[], done, own);
  if (path === null || view.now < afterSpoiled(done)) return none;
  const kind = onCandidate ? ('canary' as const) : ('service' as const);
  return start(
    view,
    runStep(view, { agent, path, release, kind, deployment: slot.proposal, extra: true }),
  );
}
