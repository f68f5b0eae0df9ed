/** States that entries lead to, for the tables of `decide/evolve`. */
import { evolve } from '../../supervisor/decide/evolve/entry.ts';
import type { Deployment, DeploymentPhase } from '../../supervisor/model/deployment.ts';
import type { Entry } from '../../supervisor/model/entry.ts';
import type { Mark } from '../../supervisor/model/mark.ts';
import type { PolicyInForce } from '../../supervisor/model/policy.ts';
import { apply, type State } from '../../supervisor/model/state.ts';
import { type Outcome, type Step, stepKey } from '../../supervisor/model/step.ts';
import {
  bakeOf,
  canaryOf,
  candidate,
  digest,
  now,
  pending,
  policy,
  proposal,
  type Rows,
  release,
  slot,
  state,
} from './build.ts';

/** The state after an entry, of rows or of a state. */
export function fold(rows: Rows | State, entry: Entry, under: PolicyInForce = policy()): State {
  const before = 'host' in rows && rows.host instanceof Map ? (rows as State) : state(rows as Rows);
  return apply(before, evolve(before, entry, under));
}

export const mark = (rows: Rows | State, given: Mark, under?: PolicyInForce) =>
  fold(rows, { at: now, type: 'mark', mark: given }, under);

/** The state after a step that was pending has come to an outcome. */
export function settle(rows: Rows, step: Step, outcome: Outcome, under?: PolicyInForce): State {
  const open = { ...rows, pending: [...(rows.pending ?? []), pending(step)] };
  return fold(open, { at: now, type: 'outcome', key: stepKey(step), step, outcome }, under);
}

/** What belongs to the slot in each of its phases, with `b` as the candidate. */
export const held: Record<DeploymentPhase, Partial<Deployment>> = {
  staging: {},
  gating: { candidate: candidate('b') },
  canary: { candidate: candidate('b'), canary: canaryOf('scout') },
  promoting: { candidate: candidate('b') },
  baking: { candidate: candidate('b'), bake: bakeOf() },
};

/** The slot in a phase, with what belongs to it. */
export function deploying(phase: DeploymentPhase): Rows {
  return {
    releases: [release('a'), release('b')],
    proposals: [proposal('p', { phase, release: 'b', digest: digest('b') })],
    deployment: slot({ phase, ...held[phase] }),
  };
}
