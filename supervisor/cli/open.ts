/** Reading the journal for a verb, from first look to last. */
import type { Layout } from '../model/layout.ts';
import { journalStanding } from '../store/lived.ts';
import { openReaderOf, type Reader } from '../store/reader.ts';

/** Everything that `read` asks sees the journal at one instant. Throws `not-found` without one. */
export function reading<T>(layout: Layout, read: (reader: Reader) => T): T {
  const reader = openReaderOf(layout);
  try {
    return reader.together(() => read(reader));
  } finally {
    reader.close();
  }
}

/** As `reading`; null where nothing was ever started. */
export function readingIfThere<T>(layout: Layout, read: (reader: Reader) => T): T | null {
  return journalStanding(layout) === 'blank' ? null : reading(layout, read);
}
