import { terminal } from '../model/proposal.ts';
import type { Release } from '../model/release.ts';
import { deployment, host, rollback } from '../model/state.ts';
import type { Step } from '../model/step.ts';
import { stableReleases } from './rollback.ts';
import { type Decision, none, start, type View } from './view.ts';

/** How many stable releases are kept whatever the count says: `current` and one to go back to. */
const spare = 2;

/** Removes what is older than policy keeps, at the tick, while nothing is on its way. */
export function retain(view: View): Decision {
  if (!view.facts.tick || deployment(view.state) !== null) return none;
  // A staging that nobody waits for any more may still find, and use, what is there.
  if ([...view.state.pending.values()].some((one) => one.step.do === 'stage')) return none;
  return start(view, ...oldReleases(view), ...oldFiles(view));
}

function oldReleases(view: View): Step[] {
  const { state, policy } = view;
  const stable = stableReleases(state).slice(0, spare);
  const needed = new Set([
    host(state).current,
    // The link may be elsewhere for a while, by somebody's hand.
    view.facts.current,
    rollback(state)?.to,
    ...stable.map((one) => one.id),
    ...[...state.runs.values()].map((run) => run.release),
    ...[...state.proposals.values()]
      .filter((one) => !terminal.has(one.phase))
      .flatMap((one) => [one.base, one.release]),
  ]);
  return [...state.releases.values()]
    .filter((one) => one.removedAt === null)
    .toSorted((a: Release, b: Release) => (a.createdAt < b.createdAt ? 1 : -1))
    .slice(policy.policy.keep.releases)
    .filter((one) => !needed.has(one.id))
    .map((one) => ({ do: 'discard' as const, what: 'release' as const, id: one.id }));
}

/** How long an answered request stays to be read: a day, in milliseconds. */
const answerKept = 86_400_000;

function oldFiles(view: View): Step[] {
  const { keep } = view.policy.policy;
  const kept = { intake: keep.intake, trace: keep.traces, request: answerKept };
  return view.facts.kept
    .filter((one) => view.now - one.at > kept[one.what])
    .filter((one) => !view.state.proposals.has(one.id) && !view.state.runs.has(one.id))
    .map((one) => ({ do: 'discard' as const, what: one.what, id: one.id }));
}
