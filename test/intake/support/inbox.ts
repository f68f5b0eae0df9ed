import { dropNames, lookAtDrop, type SeenDrop } from '../../../supervisor/host/inbox/drops.ts';

interface Asked {
  inbox: string;
  now: number;
  settle: number;
  hints?: ReadonlySet<string>;
}

/** A first look at everything in an inbox, in the order in which it came to rest. */
export function listDrops({ inbox, now, settle, hints }: Asked): SeenDrop[] {
  return dropNames(inbox)
    .flatMap((name) => {
      const renamed = hints?.has(name) ?? false;
      return lookAtDrop({ inbox, name, now, settle, renamed, before: null }) ?? [];
    })
    .sort((a, b) => a.readyAt - b.readyAt);
}
