/** Why the loop could not finish its last turn: beside the journal, which may be what failed. */

import { readText, writeDurable } from '../host/files/files.ts';
import { removeName } from '../host/files/records.ts';
import { redacted } from '../host/secrets.ts';
import { instant } from '../model/duration.ts';
import type { Layout } from '../model/layout.ts';
import { innermost } from '../model/reason.ts';

const place = (layout: Layout) => `${layout.state}/stuck.json`;

/** Say that the loop is stuck. Throws when the disk does not take it. */
export function writeStuck(layout: Layout, error: unknown, now: number): void {
  const text = redacted(JSON.stringify({ at: instant(now), cause: innermost(error) }));
  writeDurable(place(layout), `${text}\n`, 0o644);
}

export function clearStuck(layout: Layout): void {
  removeName(place(layout));
}

/** The innermost cause; null when the loop goes on. */
export function readStuck(layout: Layout): string | null {
  const text = readText(place(layout));
  if (text === null) return null;
  const said: unknown = JSON.parse(text);
  return typeof said === 'object' && said !== null && 'cause' in said ? String(said.cause) : text;
}
