import { isClosed } from '../../host/files/closed.ts';
import { kindOf, listFolder } from '../../host/files/files.ts';
import { numbered } from '../../model/numbered.ts';
import { agentName } from '../../model/runtime.ts';
import { dropWatch } from '../../observe/drops.ts';
import { bad, type Finding, good, unseen, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** A drop is taken within milliseconds: one that lies long is seen by nobody. */
const longMs = 60_000;

/** Inboxes can be read, receipts delivered, and nothing lies in them that nobody takes. */
export function inboxes({ layout, now, daemon, guest }: Ground): Finding[] {
  const watch = dropWatch(layout, () => 0);
  let seen = watch.look(null, now);
  while (seen.unlooked) seen = watch.look(new Map(), now);
  const lying = seen.drops.filter((drop) => now - drop.readyAt > longMs);
  const faults = [...watch.faults()];
  const closed = faults.filter(([, cause]) => guest && isClosed(cause)).map(([agent]) => agent);
  const unread = faults
    .filter(([agent]) => !closed.includes(agent))
    .map(([agent, cause]) =>
      bad(`the inbox of ${agent} cannot be read (${cause})`, 'Let the supervisor read it.'),
    );
  const strange = listFolder(layout.inboxes)
    .filter((name) => !agentName.safeParse(name).success)
    .map((name) => warn(`${JSON.stringify(name)} in inbox/ is no agent's`, 'Remove it.'));
  const undeliverable = listFolder(layout.inboxes)
    .filter((name) => !['folder', 'absent'].includes(kindOf(layout.receipts(name))))
    .map((name) =>
      bad(`the receipts of ${name} are no folder`, `Remove ${layout.receipts(name)}.`),
    );
  const stuck =
    lying.length > 0 && daemon().running
      ? [bad(`${numbered(lying.length, 'drop')} not taken in`, 'See `airlock log` and the daemon.')]
      : [];
  const found = [...unread, ...strange, ...undeliverable, ...stuck];
  if (closed.length > 0) return [...found, hidden(closed)];
  return found.length > 0 ? found : [good('inboxes and receipts are in order')];
}

function hidden(agents: readonly string[]): Finding {
  return unseen('could not look: inboxes are closed to you', agents.slice(0, 20));
}
