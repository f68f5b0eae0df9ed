import { markRead, readUnread } from '../../kernel/messages.ts';
import { assign } from '../assignment.ts';
import { emptyDesk } from '../desk.ts';
import { oneLine, quote } from '../prompts.ts';
import type { Route } from '../routing.ts';

/** Sorts what others sent, several messages at once. What was shown in a completed turn is read. */
export const triage: Route = async (turn) => {
  const { workspace, settings } = turn;
  const batch = (await readUnread(workspace)).slice(0, settings.batch);
  if (batch.length === 0) return null;
  const shown = batch.map(({ id, from, text }) => {
    return `Open message: ${id}\nFrom: ${oneLine(from)}\n${quote(text)}`;
  });
  return assign(emptyDesk(turn), {
    about: `${batch.length} unread messages`,
    values: { messages: shown.join('\n\n') },
    settle: async (end) => {
      if (!end.completed) return;
      for (const { id } of batch) await markRead(workspace, id);
    },
  });
};
