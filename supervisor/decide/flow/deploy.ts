import type { Deployment, DeploymentPhase } from '../../model/deployment.ts';
import type { ReleaseId } from '../../model/release.ts';
import { deployment, host, rollback } from '../../model/state.ts';
import type { Step } from '../../model/step.ts';
import { nextInQueue } from '../intake.ts';
import { flipping, isThere } from '../rollback.ts';
import { type Decision, locked, mark, none, start, unaudited, type View } from '../view.ts';
import { baking } from './baking.ts';
import { canary } from './canary.ts';
import { gating } from './gating.ts';

/** What moves a change on, phase by phase: the whole way of a change on one screen. */
const flow: Record<DeploymentPhase, (view: View, slot: Deployment) => Decision> = {
  staging: (view, slot) => {
    const proposal = slot.proposal === null ? null : view.state.proposals.get(slot.proposal);
    const base = proposal?.base ?? slot.onto;
    return start(view, {
      do: 'stage',
      proposal: slot.proposal,
      base,
      onto: slot.onto,
      at: slot.since,
    });
  },
  gating,
  canary,
  promoting: (view, slot) => {
    const to = slot.candidate?.release;
    // One after another: a link that is being set right would undo the promotion.
    if (to === undefined || flipping(view.state, 'rollback')) return none;
    return start(view, promotion(view, slot, to));
  },
  baking,
};

/** In a host install the path is looked at once more, with the candidate in its place. */
function promotion(view: View, slot: Deployment, to: ReleaseId): Step {
  const looked = !view.facts.hostInstall || slot.audited === true;
  if (!looked) return { do: 'audit', release: to };
  return { do: 'flip', to, from: slot.onto, why: 'promote' };
}

/** The one deployment lane: nothing starts or goes on under lockdown or during a rollback. */
export function deploy(view: View): Decision {
  const slot = deployment(view.state);
  if (rollback(view.state) !== null || view.facts.stopping) return none;
  if (slot !== null) {
    // A bake's failures are judged under lockdown too: a rollback is no deployment.
    const still = locked(view) || unaudited(view);
    return still && slot.phase !== 'baking' ? none : flow[slot.phase](view, slot);
  }
  if (unaudited(view)) return none;
  // Staging finds releases of the same content: not while one is being removed.
  const { pending } = view.state;
  const removing = [...pending.values()].some(
    ({ step }) => step.do === 'discard' && step.what === 'release',
  );
  if (removing) return none;
  const { current, stillborn } = host(view.state);
  if (stillborn !== null) return none;
  if (current === null) {
    return mark({ mark: 'begin', proposal: null, onto: null, straight: false });
  }
  const proposal = locked(view) ? null : nextInQueue(view);
  if (proposal === null) return none;
  return mark({ mark: 'begin', proposal, onto: current, straight: straight(view, proposal) });
}

/** Approved as it stands, all gates passed, and `current` has not moved: no need to stage again. */
function straight(view: View, id: string): boolean {
  const proposal = view.state.proposals.get(id);
  const release = proposal?.release ? view.state.releases.get(proposal.release) : undefined;
  if (!proposal?.approval || !isThere(view.state, release)) return false;
  if (proposal.approval.digest !== release.digest) return false;
  const passed = proposal.gates.filter((gate) => gate.outcome === 'pass').length;
  return passed === 4 && release.parent === host(view.state).current;
}
