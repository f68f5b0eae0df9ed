import type { Block } from './request.ts';
import { blocksOf, textOf, toolsOffered } from './request.ts';
import type { Utterance } from './speak.ts';

/**
 * The keyless rehearsal provider (contract, section 4): a short plausible turn chosen from the
 * tools that are offered. The same conversation always gets the same turn. It reads the lines
 * `Open task: <id>`, `Open thread: <id>` and `Open message: <id>` (followed by `From: <agent>`).
 */
export function plausibleTurn(body: Record<string, unknown>): Utterance[] {
  const messages = Array.isArray(body.messages) ? (body.messages as Block[]) : [];
  const last = messages.at(-1);
  const results = blocksIn(last).filter((block) => block.type === 'tool_result');
  if (results.length > 0) return [{ say: afterwards(results) }];
  const offered = toolsOffered(body.tools);
  const words = messages.filter((one) => one.role === 'user').map((one) => textOf(one.content));
  const open = words.join('\n');
  return (
    complete(open, offered, messages) ??
    reply(open, offered, messages) ??
    write(open, offered, messages) ?? [{ say: 'There is nothing open that needs doing now.' }]
  );
}

function complete(words: string, offered: string[], messages: Block[]): Utterance[] | null {
  if (!offered.includes('complete_task')) return null;
  const id = firstOpen(words, 'task', doneBy(messages, 'complete_task', 'id'));
  if (id === null) return null;
  const result = `Task ${id} was read and carried out as it asks; nothing is left open.`;
  return [{ tool: 'complete_task', args: { id, result } }];
}

function reply(words: string, offered: string[], messages: Block[]): Utterance[] | null {
  if (!offered.includes('reply_in_thread')) return null;
  const id = firstOpen(words, 'thread', doneBy(messages, 'reply_in_thread', 'id'));
  if (id === null) return null;
  const text = 'Thank you, this is noted. I will come back here when there is more to say.';
  return [{ tool: 'reply_in_thread', args: { id, text } }];
}

function write(words: string, offered: string[], messages: Block[]): Utterance[] | null {
  if (!offered.includes('send_message')) return null;
  const answered = doneBy(messages, 'send_message', 'to');
  for (const [, id, to] of words.matchAll(
    /^Open message: *(\S+) *\r?\nFrom: *([a-z][a-z0-9-]*)/gm,
  )) {
    if (to === undefined || answered.has(to)) continue;
    const text = `Your message ${id} has been read. Nothing more is needed from you now.`;
    return [{ tool: 'send_message', args: { to, text } }];
  }
  return null;
}

function firstOpen(words: string, what: string, done: Set<string>): string | null {
  for (const [, id] of words.matchAll(new RegExp(`^Open ${what}: *(\\S+)`, 'gm'))) {
    if (id !== undefined && !done.has(id)) return id;
  }
  return null;
}

/** Values of an argument in earlier calls of a tool. */
function doneBy(messages: Block[], tool: string, argument: string): Set<string> {
  const done = new Set<string>();
  for (const block of blocksOf(messages)) {
    if (block.type !== 'tool_use' || block.name !== tool) continue;
    done.add(String((block.input as Record<string, unknown> | null)?.[argument]));
  }
  return done;
}

function blocksIn(message: Block | undefined): Block[] {
  return message?.role === 'user' && Array.isArray(message.content) ? message.content : [];
}

function afterwards(results: Block[]): string {
  if (results.some((block) => block.is_error === true)) {
    return 'The tool answered with an error; it stays open for the next turn.';
  }
  return 'Done.';
}
