/** Whether a ROOT has a journal, never had one, or lost it. */
import { kindOf, listFolder } from '../host/files/files.ts';
import { readCurrent } from '../host/files/links.ts';
import { followed } from '../host/files/records.ts';
import type { Layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';

/** `blank`: nothing was ever started here; `gone`: something was, and there is no such file. */
export type JournalStanding = 'there' | 'blank' | 'gone';

export function journalStanding(layout: Layout): JournalStanding {
  const kind = kindOf(followed(layout.journal));
  if (kind === 'file') return 'there';
  return livedIn(layout) ? 'gone' : 'blank';
}

/** A host that never started has no release: there the journal is not gone, but not made yet. */
const livedIn = (layout: Layout) =>
  readCurrent(layout) !== null ||
  listFolder(layout.releases).some((id) => kindOf(layout.manifest(id)) === 'file');

export function journalGone({ journal }: Layout, step: string): Failure {
  const kind = kindOf(journal);
  const actual = kind === 'link' ? 'a link that leads nowhere' : kind;
  const message = kind === 'absent' ? 'the journal is gone' : `the journal is no file: ${actual}`;
  const hint =
    'A daemon that starts makes it anew from releases, receipts and history. Or stop it and put ' +
    'a good copy there before.';
  return new Failure('journal-damaged', { message, step, input: journal, actual, hint });
}
