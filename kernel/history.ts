import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf } from './listing.ts';

const KEPT_DAYS = 30;
const DAY = 86_400_000;

/** One line of `history/<day>.jsonl`: the diary of an agent, a line a turn. */
export interface HistoryEntry {
  /** RFC 3339. */
  at: string;
  run: string;
  path: string;
  about: string;
  outcome: 'completed' | 'failed' | 'nothing-to-do';
  steps: number;
  usd: number;
  /** The model's last words, or the error; at most 200 characters. */
  words: string;
}

/** Adds to the history of today and lets go of files older than 30 days. */
export async function recordTurn(workspace: string, entry: HistoryEntry): Promise<void> {
  const folder = join(workspace, 'history');
  const line = JSON.stringify({ ...entry, words: entry.words.slice(0, 200) });
  await appendFile(join(folder, `${entry.at.slice(0, 10)}.jsonl`), `${line}\n`);
  const oldest = new Date(Date.parse(entry.at) - KEPT_DAYS * DAY).toISOString().slice(0, 10);
  for (const { name, path } of await entriesOf(folder)) {
    if (/^\d{4}-\d\d-\d\d\.jsonl$/.test(name) && name < oldest) await rm(path, { force: true });
  }
}
