import { includes } from '../../model/policy.ts';
import { Failure } from '../../model/reason.ts';
import type { Manifest, Release } from '../../model/release.ts';
import type { Outcome, Step } from '../../model/step.ts';
import { policyPath } from '../../store/policy.ts';
import type { World } from '../world.ts';
import type { StageResult } from './stage.ts';

/** Build the candidate of a proposal, or the first release from the source folder. */
export async function stageCandidate(
  world: World,
  step: Step & { do: 'stage' },
  signal: AbortSignal,
): Promise<Outcome> {
  const make = step.proposal === null ? first : ofProposal;
  const result = await make(world, step, signal);
  if (result.kind === 'refused') return { of: 'unstaged', reasons: result.reasons };
  const { manifest, changes, depsChanged, agents, configFaults } = result;
  return {
    of: 'staged',
    release: rowOf(manifest),
    candidate: {
      release: manifest.id,
      digest: manifest.digest,
      changes,
      deps: manifest.deps,
      depsChanged,
      depsReady: false,
      before: agents.base?.agents ?? null,
      after: agents.candidate.agents,
      configFaults,
    },
  };
}

function first(
  world: World,
  step: Step & { do: 'stage' },
  signal: AbortSignal,
): Promise<StageResult> {
  const inForce = world.policy();
  return world.threads.run(
    'stageSource',
    {
      source: policyPath(inForce, inForce.policy.runtime.source),
      includes: includes(inForce.policy),
      limits: inForce.policy.limits.proposal,
      at: step.at,
    },
    signal,
  );
}

function ofProposal(
  world: World,
  step: Step & { do: 'stage' },
  signal: AbortSignal,
): Promise<StageResult> {
  const proposal = world.state().proposals.get(step.proposal ?? '');
  const { base, onto } = step;
  if (proposal === undefined || base === null || onto === null) {
    const message = `the proposal ${step.proposal} is no longer open`;
    throw new Failure('not-found', { message, step: 'stage', input: step.proposal });
  }
  const { id, form, paths, proposer } = proposal;
  return world.threads.run(
    'stage',
    {
      proposal: { id, form, paths, proposer },
      sealedFolder: `${world.layout.sealed(id)}/sealed`,
      base,
      onto,
      includes: includes(world.policy().policy),
      at: step.at,
    },
    signal,
  );
}

const rowOf = (manifest: Manifest): Release => ({
  id: manifest.id,
  digest: manifest.digest,
  parent: manifest.parent,
  proposal: manifest.proposal,
  proposer: manifest.proposer,
  deps: manifest.deps,
  createdAt: manifest.createdAt,
  stableAt: null,
  removedAt: null,
});
