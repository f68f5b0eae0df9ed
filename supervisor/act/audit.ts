import { delimiter } from 'node:path';
import { findings } from '../audit/audit.ts';
import { installOf } from '../audit/install.ts';
import { deployment, host } from '../model/state.ts';
import type { Outcome } from '../model/step.ts';
import type { World } from './world.ts';

/** Walk the invocation path in a thread, then try it as each agent's user in a process. */
export async function auditPath(world: World): Promise<Outcome> {
  const { layout: _, ...install } = installOf(given(world));
  const surveyed = await world.threads.run('survey', install);
  const found = await findings(surveyed, world.probe);
  for (const { message, remedy } of found) {
    world.log.error('others could change what runs start from', { found: message, remedy });
  }
  return { of: 'audited', findings: found };
}

function given(world: World): Parameters<typeof installOf>[0] {
  const { layout, programs, hostInstall, identities } = world;
  const policy = world.policy();
  const state = world.state();
  const slot = deployment(state);
  const ids = [host(state).current, slot?.candidate?.release, slot?.onto];
  const releases = [...new Set(ids)].flatMap((id) => {
    const row = id ? state.releases.get(id) : undefined;
    return row === undefined ? [] : [{ id: row.id, deps: row.deps }];
  });
  return {
    ...{ layout, programs, hostInstall, identities, releases, policy },
    policyFile: policy.file,
    agents: [...state.agents.keys()],
    search: (process.env.PATH ?? '').split(delimiter),
  };
}
