import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Turn } from '../kernel/app.ts';
import { entriesOf, readText } from '../kernel/listing.ts';
import { list, oneLine, quote } from './prompts.ts';

const SHOWN = 10;

/**
 * What an agent that may propose changes needs to know: how its last proposals fared, and the
 * prompts as they are. Empty for the others.
 */
export async function proposerNotes(turn: Turn): Promise<string> {
  if (!turn.agent.tools.includes('propose_change')) return '';
  const fared = list(await outcomes(turn.receipts), '(none so far)');
  const prompts = await currentPrompts();
  return `Your proposals so far:\n${fared}\n\nThe prompts as they are now:\n\n${prompts}`;
}

/** One line a receipt, newest first; the names of receipts begin with their time. */
async function outcomes(receipts: string): Promise<string[]> {
  const files = (await entriesOf(receipts)).filter(({ name }) => name.endsWith('.json'));
  return Promise.all(
    files
      .reverse()
      .slice(0, SHOWN)
      .map(({ path, name }) => outcome(path, name)),
  );
}

async function outcome(path: string, name: string): Promise<string> {
  const id = name.replace(/\.json$/, '');
  try {
    const receipt = JSON.parse(await readText(path));
    const why = receipt.reason?.message ? `: ${oneLine(String(receipt.reason.message))}` : '';
    return `${id} ${oneLine(String(receipt.phase ?? 'unknown'))}${why}`;
  } catch (error) {
    return `${id} (its receipt cannot be read: ${oneLine(String(error))})`;
  }
}

async function currentPrompts(): Promise<string> {
  const folder = new URL('./prompts/', import.meta.url);
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith('.md')).sort();
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')));
  return files
    .map((name, index) => `${join('app/prompts', name)}\n${quote((texts[index] ?? '').trim())}`)
    .join('\n\n');
}
