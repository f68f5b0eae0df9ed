import type { Layout } from '../model/layout.ts';
import { operator } from '../model/request.ts';
import { listFolder, makeFolder, removeTree } from './files/files.ts';
import { endLeftovers } from './sandbox/leftovers.ts';
import { sweepPlaces } from './sandbox/places.ts';

/** Make the folders of a ROOT where they are missing, and sweep what a crash left unfinished. */
export async function readyRoot(layout: Layout): Promise<void> {
  for (const folder of [layout.releases, layout.deps, layout.inboxes, layout.inbox(operator)]) {
    makeFolder(folder);
  }
  for (const folder of [layout.traces, layout.control, layout.switches, layout.incidents]) {
    makeFolder(folder);
  }
  makeFolder(layout.receipts(operator));
  // A set-uid file that a run leaves in its workspace must be nobody's to reach.
  makeFolder(layout.workspaces, 0o700);
  for (const folder of [layout.intake, layout.staging]) makeFolder(folder, 0o700);
  for (const name of listFolder(layout.staging)) removeTree(`${layout.staging}/${name}`);
  // A flip that was killed between its link and its rename.
  const links = listFolder(layout.root).filter((name) => name.startsWith('.current-'));
  for (const name of links) removeTree(`${layout.root}/${name}`);
  await endLeftovers(layout.runs);
  await sweepPlaces(layout.runs);
}
