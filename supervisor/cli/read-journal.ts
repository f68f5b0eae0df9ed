import { kindOf } from '../host/files/files.ts';
import type { Layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';
import type { Head } from '../store/chain.ts';
import { toldHeads } from '../store/journal-head.ts';
import { journalStanding } from '../store/lived.ts';
import { reading } from './open.ts';

export interface JournalVerified {
  ok: boolean;
  head: Head | null;
  entries: number;
  faults: string[];
}

/** Every page, every link of the chain and every row. No journal yet is no fault. */
export function verifyJournal(layout: Layout): JournalVerified {
  if (kindOf(layout.journal) === 'absent') {
    const told = toldHeads(layout).map((one) => `there is no journal; it had entry ${one.seq}`);
    const gone = journalStanding(layout) === 'gone' ? ['there is no journal: it is gone'] : [];
    const faults = told.length > 0 ? told : gone;
    return { ok: faults.length === 0, head: null, entries: 0, faults };
  }
  try {
    // Told first: a daemon may write on in between.
    const known = toldHeads(layout);
    return reading(layout, (reader) => {
      const damage = reader.damage();
      const { head, checked, faults } = reader.chain({ known });
      const all = [...damage.map((one) => `damaged: ${one}`), ...faults];
      return { ok: all.length === 0, head, entries: checked, faults: all };
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ok: false, head: null, entries: 0, faults: [error.reason.message] };
  }
}
