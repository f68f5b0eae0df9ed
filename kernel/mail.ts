import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isId } from './ids.ts';
import { entriesOf, readText } from './listing.ts';
import { fileMessage } from './messages.ts';
import { setAside } from './set-aside.ts';
import { createTask } from './tasks.ts';
import { addToThread } from './threads.ts';

const from = z.string().min(1).max(64);
const at = z
  .string()
  .max(64)
  .default(() => new Date().toISOString());
const text = z.string().trim().min(1).max(100_000);

/** What the supervisor delivers from other agents, one JSON file each. */
const mailSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('message'), from, at, text }),
  z.object({
    kind: z.literal('task'),
    from,
    at,
    title: z.string().trim().min(1).max(300),
    body: z.string().max(100_000).default(''),
    after: z.array(z.string().refine(isId, 'not a task id')).max(50).optional(),
  }),
  z.object({ kind: z.literal('thread'), from, at, thread: z.string().refine(isId), text }),
]);
type Mail = z.output<typeof mailSchema>;

/**
 * Files what was delivered: a task into the queue, a word into its thread, a message among the
 * unread. What is no mail goes to `mail/rejected` with the reason. A delivery is removed after it
 * is filed: a crash in between files it twice rather than never.
 */
export async function fileMail(workspace: string): Promise<void> {
  for (const entry of await entriesOf(join(workspace, 'mail'))) {
    if (entry.stats.isDirectory() && entry.name === 'rejected') continue;
    try {
      await fileOne(workspace, mailSchema.parse(JSON.parse(await readText(entry.path))));
    } catch (error) {
      await setAside(entry, join(workspace, 'mail/rejected'), faultOf(error));
      continue;
    }
    await rm(entry.path, { force: true });
  }
}

async function fileOne(workspace: string, mail: Mail): Promise<void> {
  if (mail.kind === 'task') await createTask(workspace, mail);
  else if (mail.kind === 'thread') await addToThread(workspace, mail.thread, mail);
  else await fileMessage(workspace, mail);
}

function faultOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
