import type { GateResult } from '../model/proposal.ts';
import type { Step } from '../model/step.ts';
import { policyPath } from '../store/policy.ts';
import { buildChecks } from './build.ts';
import { depsOf } from './places.ts';
import type { World } from './world.ts';

/** The build gate's effect: the policy's checks, cached by release digest while the daemon lives. */
export function gateBuild(world: World, step: Step & { do: 'build' }): Promise<GateResult> {
  const inForce = world.policy();
  const { runtime, limits } = inForce.policy;
  return buildChecks({
    programs: world.programs,
    identity: world.identityFor('build'),
    release: world.layout.release(step.release),
    deps: depsOf(world, step.release),
    tools: runtime.tools === undefined ? null : policyPath(inForce, runtime.tools),
    checks: runtime.build,
    within: limits.build,
    limits: limits.run,
    runs: world.layout.runs,
  });
}
