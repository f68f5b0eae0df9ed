import { stamp } from '../model/duration.ts';
import type { ReleaseId } from '../model/release.ts';
import type { RunKind } from '../model/run.ts';
import type { Agent, RunPath } from '../model/runtime.ts';
import { deployment, host, rollback, type State } from '../model/state.ts';
import type { Step } from '../model/step.ts';
import { locked, type View } from './view.ts';

/** The step that starts one run. Its id is in the intent, so that a repeat finds it. */
export function runStep(
  view: View,
  what: {
    agent: Agent;
    path: RunPath;
    release: ReleaseId;
    kind: RunKind;
    deployment: string | null;
    extra: boolean;
    wall?: number;
  },
): Step & { do: 'run' } {
  const number = host(view.state).counter + 1;
  const wall = what.wall ?? view.policy.policy.limits.run.wall;
  return {
    do: 'run',
    run: {
      id: `${stamp(view.now)}-${what.agent.name}-${what.path}-${number}`,
      agent: what.agent,
      path: what.path,
      release: what.release,
      kind: what.kind,
      deployment: what.deployment,
      extra: what.extra,
      wall,
      policy: view.policy.digest,
    },
  };
}

/** Nothing is started on a barred release, nor on one that is being left right now. */
export function mayStart(state: State, release: ReleaseId): boolean {
  const digest = state.releases.get(release)?.digest;
  if (digest !== undefined && state.bad.has(digest)) return false;
  return rollback(state)?.from !== release;
}

/** What an agent's next run of its own starts from: the candidate if it is the canary. */
export function releaseFor(
  view: View,
  agent: string,
): { release: ReleaseId; kind: RunKind; deployment: string | null; entry: Agent | null } | null {
  const slot = deployment(view.state);
  const { current } = host(view.state);
  // A rollback aborts the deployment: its canary has begun its last run.
  const goesOn = !locked(view) && rollback(view.state) === null;
  if (slot?.phase === 'canary' && slot.canary?.agent === agent && goesOn) {
    const release = slot.candidate?.release;
    const entry = slot.candidate?.after?.find((one) => one.name === agent) ?? null;
    if (release !== undefined && entry !== null) {
      return { release, kind: 'canary', deployment: slot.proposal, entry };
    }
  }
  if (current === null || !mayStart(view.state, current)) return null;
  const baking = slot?.phase === 'baking' ? slot.proposal : null;
  const entry = view.facts.agents.get(current)?.find((one) => one.name === agent) ?? null;
  return { release: current, kind: 'service', deployment: baking, entry };
}
