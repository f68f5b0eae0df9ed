import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { formatDocument, parseDocument } from './front-matter.ts';
import { candidates, isId, slug } from './ids.ts';
import { entriesOf, orElse, readText } from './listing.ts';
import { setAside } from './set-aside.ts';
import { createFile } from './workspace.ts';

/** A message: `messages/unread/<id>.md`, moved to `messages/read` when it is sorted. */
export interface Message {
  id: string;
  from: string;
  /** RFC 3339, or what it says of itself. */
  at: string;
  text: string;
}

export const said = z.looseObject({
  from: z.string().max(64).default('unknown'),
  at: z.string().max(64).default(''),
});

/** The unread messages by id, which begins with their time; malformed ones are set aside. */
export async function readUnread(workspace: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (const entry of await entriesOf(join(workspace, 'messages/unread'))) {
    const id = entry.name.replace(/\.md$/, '');
    try {
      if (!entry.name.endsWith('.md') || !isId(id)) throw new Error('its name is not <id>.md');
      const { fields, body } = parseDocument(await readText(entry.path));
      const { from, at } = said.parse(fields);
      messages.push({ id, from, at, text: body });
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      await setAside(entry, join(workspace, 'messages/read'), fault);
    }
  }
  return messages;
}

export async function markRead(workspace: string, id: string): Promise<void> {
  const [unread, read] = ['unread', 'read'].map((box) =>
    join(workspace, 'messages', box, `${id}.md`),
  ) as [string, string];
  await orElse(() => rename(unread, read), undefined);
}

/** Files a message of another; returns its id. */
export async function fileMessage(
  workspace: string,
  { from, at, text }: { from: string; at: string; text: string },
): Promise<string> {
  const content = formatDocument({ fields: { from, at }, body: text });
  for (const id of candidates(`${at.replace(/[^0-9]/g, '').slice(0, 14)}-${slug(from)}`)) {
    if (await createFile(join(workspace, 'messages/unread', `${id}.md`), content)) return id;
  }
  throw new Error(`no id is free for a message of ${from}`);
}
