import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { slug } from './ids.ts';
import { entriesOf, LARGEST_FILE } from './listing.ts';

/** The topics an agent has notes on: `memory/<topic>.md`. */
export async function topicsOf(workspace: string): Promise<string[]> {
  const entries = await entriesOf(join(workspace, 'memory'));
  return entries.filter(({ name }) => name.endsWith('.md')).map(({ name }) => name.slice(0, -3));
}

/** Adds a dated note to a topic; returns the topic's name. Throws when its file is full. */
export async function remember(workspace: string, topic: string, text: string): Promise<string> {
  const name = slug(topic);
  const entries = await entriesOf(join(workspace, 'memory'));
  const size = entries.find((entry) => entry.name === `${name}.md`)?.stats.size ?? 0;
  if (size + text.length > LARGEST_FILE) throw new Error(`the notes on "${name}" are full`);
  const day = new Date().toISOString().slice(0, 10);
  await appendFile(join(workspace, 'memory', `${name}.md`), `- ${day}: ${oneLine(text)}\n`);
  return name;
}

const oneLine = (text: string) => text.trim().replace(/\s*\n\s*/g, ' / ');
