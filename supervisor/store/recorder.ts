import { withRoom } from '../host/files/reserve.ts';
import type { Log } from '../host/log.ts';
import type { Entry } from '../model/entry.ts';
import type { Layout } from '../model/layout.ts';
import type { Put } from '../model/state.ts';
import type { Journal } from './journal.ts';

/** Durable first; that somebody moved `current` is then told where whoever did it cannot reach. */
export function recorder({ journal, layout, log }: { journal: Journal; layout: Layout; log: Log }) {
  return (entries: readonly Entry[], puts: readonly Put[]): void => {
    withRoom(layout, () => journal.commit(entries, puts));
    const err = journal.unremembered();
    if (err !== null) log.warn('a rebuild would not know bars nor policies: not written', { err });
    for (const entry of entries) {
      if (entry.type !== 'mark' || entry.mark.mark !== 'current-moved') continue;
      const { release: to, was: from, by, back = null } = entry.mark;
      log.warn('current was moved by hand', { from, to, by, back });
    }
  };
}
