/** Reading the journal for a verb, from first look to last. */
import { kindOf } from '../host/files/files.ts';
import type { Layout } from '../model/layout.ts';
import { openReader, type Reader } from '../store/reader.ts';

/** Everything that `read` asks sees the journal at one instant. Throws `not-found` without one. */
export function reading<T>(layout: Layout, read: (reader: Reader) => T): T {
  const reader = openReader(layout.journal);
  try {
    return reader.together(() => read(reader));
  } finally {
    reader.close();
  }
}

/** As `reading`; null while there is no journal. */
export function readingIfThere<T>(layout: Layout, read: (reader: Reader) => T): T | null {
  return kindOf(layout.journal) === 'absent' ? null : reading(layout, read);
}
