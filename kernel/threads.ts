import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatDocument, parseDocument } from './front-matter.ts';
import { isId } from './ids.ts';
import { entriesOf, readText } from './listing.ts';
import type { Message } from './messages.ts';
import { said } from './messages.ts';
import { createFile } from './workspace.ts';

/** A conversation: `threads/<id>/<number>.md`, one file a message, only ever added to. */
export interface Thread {
  id: string;
  messages: Message[];
  /** Milliseconds since 1970: when its last message was written. */
  changed: number;
}

const numbered = (number: number) => `${String(number).padStart(4, '0')}.md`;

/**
 * The threads whose last word is not this agent's, the longest waiting first. What cannot be read
 * in a thread is shown as such: a broken message must not silence the others.
 */
export async function readUnanswered(
  workspace: string,
  agent: string,
  longest: number,
): Promise<Thread[]> {
  const threads: Thread[] = [];
  for (const entry of await entriesOf(join(workspace, 'threads'))) {
    if (!entry.stats.isDirectory() || !isId(entry.name)) continue;
    const thread = await readThread(workspace, entry.name);
    const last = thread.messages.at(-1);
    if (last && last.from !== agent && thread.messages.length < longest) threads.push(thread);
  }
  return threads.sort((a, b) => a.changed - b.changed || (a.id < b.id ? -1 : 1));
}

export async function readThread(workspace: string, id: string): Promise<Thread> {
  const thread: Thread = { id, messages: [], changed: 0 };
  for (const entry of await entriesOf(join(workspace, 'threads', id))) {
    const message = { id: entry.name, from: 'unknown', at: '' };
    try {
      const { fields, body } = parseDocument(await readText(entry.path));
      const { from, at } = said.parse(fields);
      thread.messages.push({ ...message, from, at, text: body });
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      thread.messages.push({ ...message, text: `(unreadable: ${fault})` });
    }
    thread.changed = Math.max(thread.changed, entry.stats.mtimeMs);
  }
  return thread;
}

/** Adds a message at the end of a thread, which is begun if there is none. */
export async function addToThread(
  workspace: string,
  id: string,
  { from, at, text }: { from: string; at: string; text: string },
): Promise<void> {
  const folder = join(workspace, 'threads', id);
  await mkdir(folder, { recursive: true });
  const content = formatDocument({ fields: { from, at }, body: text });
  let number = (await entriesOf(folder)).length + 1;
  // Two runs may answer at once: whoever comes second takes the next number.
  while (!(await createFile(join(folder, numbered(number)), content))) number++;
}
