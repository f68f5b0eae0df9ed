import type { GateResult } from '../../model/proposal.ts';
import type { Step } from '../../model/step.ts';
import { policyPath } from '../../store/policy.ts';
import { boundsOf, depsOf } from '../run/places.ts';
import type { World } from '../world.ts';
import { buildChecks } from './build.ts';

/**
 * The build gate's effect: the policy's checks. A pass holds for this content under this policy
 * while the daemon lives.
 */
export async function gateBuild(
  world: World,
  step: Step & { do: 'build' },
  signal: AbortSignal,
): Promise<GateResult> {
  const digest = world.state().releases.get(step.release)?.digest;
  const key = `${digest} ${world.policy().digest}`;
  const known = world.built.get(key);
  if (known !== undefined) return { ...known, ms: 0 };
  const result = await check(world, step, signal);
  if (digest !== undefined && result.outcome === 'pass') remember(world.built, key, result);
  return result;
}

/** Passes that are remembered: an approval or another try asks again soon, or never. */
export const mostBuilt = 100;

export function remember(built: Map<string, GateResult>, key: string, result: GateResult): void {
  built.set(key, result);
  const [oldest] = built.keys();
  if (built.size > mostBuilt && oldest !== undefined) built.delete(oldest);
}

function check(
  world: World,
  step: Step & { do: 'build' },
  signal: AbortSignal,
): Promise<GateResult> {
  const inForce = world.policy();
  const { runtime, limits } = inForce.policy;
  return buildChecks({
    confine: world.confine,
    programs: world.programs,
    identity: world.identities.shared,
    release: world.layout.release(step.release),
    deps: depsOf(world, step.release),
    tools: runtime.tools === undefined ? null : policyPath(inForce, runtime.tools),
    checks: runtime.build,
    within: limits.build,
    limits: limits.run,
    bounds: boundsOf(inForce.policy),
    runs: world.layout.runs,
    signal,
  });
}
