import { kindOf, makeFolder } from '../../host/files/files.ts';
import type { Identity } from '../../host/sandbox/identity.ts';
import { closeReceipts, ownFolder } from '../../host/sandbox/places.ts';
import { readAndKeepRuntimeConfig } from '../../store/runtime-config.ts';
import type { World } from '../world.ts';

/**
 * User, inbox, receipts and workspace of every agent of a release, so that a first drop has a
 * place. Users that are missing are made beside the loop; their agents' folders follow.
 */
export function readyInboxes(world: World, release: string): void {
  const { layout, identities, log } = world;
  const config = readAndKeepRuntimeConfig(layout, release);
  // Their runs make them as well: nothing is lost but the place for a first drop.
  if (config.agents === null)
    log.warn('no inboxes are made', { release, reason: config.faults[0] });
  const agents = (config.agents ?? []).map(({ name }) => name);
  for (const agent of agents.filter(identities.has)) readyAgent(world, agent);
  const missing = agents.filter((agent) => !identities.has(agent));
  if (missing.length === 0) return;
  const made = identities.ready(missing).then(() => {
    for (const agent of missing) readyAgent(world, agent);
  });
  made.catch((error) => log.error('users of agents could not be made', { err: error, missing }));
}

function readyAgent({ layout, identities }: World, agent: string): void {
  const own = identities.of(agent);
  makeFolder(layout.receipts(agent));
  if (own !== identities.shared && own.root) closeReceipts(layout.receipts(agent), own.gid);
  for (const folder of [layout.inbox(agent), layout.workspace(agent)]) {
    // One that is there is made its user's with all that is in it, before a run needs it.
    if (kindOf(folder) !== 'absent') continue;
    makeFolder(folder, ownMode(own, identities.shared));
    ownFolder(folder, own);
  }
}

/** Where agents are different users, their folders are closed to each other. */
const ownMode = (own: Identity, shared: Identity): number => (own === shared ? 0o755 : 0o700);
