import { delimiter } from 'node:path';
import { findings, survey } from '../../audit/audit.ts';
import { installOf } from '../../audit/install.ts';
import { probeHere } from '../../host/path/probe.ts';
import { findPrograms } from '../../host/process/programs.ts';
import type { Weakness } from '../../model/audit.ts';
import { deployment, host } from '../../model/state.ts';
import { bad, type Finding, good, unseen, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** Nobody but the supervisor and root can change what a run starts from: walked, and tried. */
export async function path(ground: Ground): Promise<Finding[]> {
  const surveyed = survey(installOf(given(ground)));
  const root = process.geteuid?.() === 0;
  const request = root ? surveyed.request : { ...surveyed.request, users: [] };
  const found = await findings({ ...surveyed, request }, probeHere);
  const users = request.users.map(({ name }) => name);
  const told = found.map((one) => judge(one, ground.hostInstall));
  if (!root) told.push(blindly());
  const what = `${surveyed.looked} places on the way to a run: nobody else can change them`;
  const tried = users.length === 0 ? [] : [`tried as ${users.join(', ')}`];
  return found.length > 0 ? told : [good(what, tried), ...told];
}

/** In a checkout it is one's own machine: somebody should know, and runs go on. */
function judge({ message, remedy }: Weakness, hostInstall: boolean): Finding {
  return hostInstall ? bad(message, remedy) : warn(message, remedy);
}

function blindly(): Finding {
  const message = 'the way to a run was looked at, but nothing was tried as an agent';
  return unseen(message);
}

function given(ground: Ground): Parameters<typeof installOf>[0] {
  const { layout, policyFile, hostInstall, identities } = ground;
  const state = ground.state();
  const { policy } = ground.loaded();
  const slot = deployment(state);
  const ids = [ground.current(), host(state).current, slot?.candidate?.release];
  const releases = [...new Set(ids)].flatMap((id) => {
    return id ? [{ id, deps: state.releases.get(id)?.deps ?? null }] : [];
  });
  return {
    ...{ layout, policyFile, hostInstall, policy, releases, identities },
    programs: findPrograms(),
    agents: [...state.agents.keys()],
    search: (process.env.PATH ?? '').split(delimiter),
  };
}
