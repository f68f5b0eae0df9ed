/** What the journal says of itself: its head, told where an edit of it cannot reach. */

import type { Live, Outside } from './live.ts';
import { host } from './model/state.ts';
import { toldHeads, writeHead } from './store/journal-head.ts';
import type { Anew } from './store/rebuild/open.ts';

/** At each tick: into the log, which goes to another place than the journal, and beside it. */
export function tellHead({ journal, layout, log }: Outside): void {
  const head = journal.head();
  if (head === null) return;
  log.info('journal head', { journalHead: head });
  try {
    writeHead(layout, head);
  } catch (error) {
    log.error('the head of the journal could not be written down', { err: error });
  }
}

/** At a start: what was found of the journal; `anew`: it had to be made again. */
export function lookAtJournal(outside: Outside, live: Live, anew: Anew | null): void {
  if (anew === null) checkJournal(outside, live);
  else tellRebuilt(outside, live, anew);
}

/** Entries from the end that a start follows; doctor follows more, `airlock verify` all. */
const atStart = 5000;

/**
 * A chain that does not hold is told loudly, and stops nobody: the state is readable, agents live
 * on it, and a daemon that stays down could neither roll back nor say what it found.
 */
function checkJournal({ journal, layout, log }: Outside, live: Live): void {
  const { faults } = journal.check({ last: atStart, known: toldHeads(layout) });
  const { knownFaults = [], journal: news } = host(live.loop.state);
  const known = new Set([...knownFaults, ...(news?.found ?? [])]);
  const found = faults.filter((one) => !known.has(one));
  if (found.length === 0) return;
  log.error('the chain of the journal is broken', { found });
  live.loop.note({ mark: 'journal-found', what: 'broken', found, aside: null });
}

/** On record, in the log, and with status and doctor until an operator has read it. */
function tellRebuilt(
  { log }: Outside,
  live: Live,
  { cause, aside, lost, unknownSpend }: Anew,
): void {
  log.error('the journal was damaged; it was made anew from releases, receipts and history', {
    reason: cause,
    aside,
    lost,
  });
  live.loop.note({ mark: 'journal-found', what: 'rebuilt', found: lost, aside, unknownSpend });
}
