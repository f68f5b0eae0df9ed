import { kindOf, makeFolder } from '../../host/files/files.ts';
import { ownFolder } from '../../host/sandbox/places.ts';
import { readAndKeepRuntimeConfig } from '../../store/runtime-config.ts';
import type { World } from '../world.ts';

/** Inbox, receipts and workspace of every agent of a release, so that a first drop has a place. */
export function readyInboxes(world: World, release: string): void {
  const { layout } = world;
  const { agents } = readAndKeepRuntimeConfig(layout, release);
  for (const { name } of agents ?? []) {
    makeFolder(layout.receipts(name));
    for (const folder of [layout.inbox(name), layout.workspace(name)]) {
      // One that is there is made its user's with all that is in it, before a run needs it.
      if (kindOf(folder) !== 'absent') continue;
      makeFolder(folder);
      ownFolder(folder, world.identityFor(name));
    }
  }
}
