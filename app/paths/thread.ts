import type { TurnEnd } from '../../kernel/app.ts';
import { addToThread, readUnanswered } from '../../kernel/threads.ts';
import { assign, objectOnce } from '../assignment.ts';
import type { OpenThread } from '../desk.ts';
import { emptyDesk } from '../desk.ts';
import { oneLine, quote } from '../prompts.ts';
import type { Route } from '../routing.ts';

const NOT_ANSWERED = 'The thread has no answer of yours yet. Answer it with reply_in_thread.';
const SHOWN = 12;

/** Answers the thread that has waited longest. */
export const thread: Route = async (turn) => {
  const { workspace, agent, settings } = turn;
  const [oldest] = await readUnanswered(workspace, agent.name, settings.messages);
  if (!oldest) return null;
  const open: OpenThread = { id: oldest.id, answered: false };
  const shown = oldest.messages.slice(-SHOWN);
  const said = shown.map(({ from, text }) => `${oneLine(from)} wrote:\n${quote(text)}`);
  return assign(
    { ...emptyDesk(turn), thread: open },
    {
      about: `thread ${oldest.id}`,
      values: { id: oldest.id, messages: said.join('\n\n') },
      review: objectOnce(() => (open.answered ? null : NOT_ANSWERED)),
      settle: (end) => settle(open, end, workspace, agent.name),
    },
  );
};

/** A thread that got no answer is not asked about at every tick: that is noted in it. */
async function settle(open: OpenThread, end: TurnEnd, workspace: string, agent: string) {
  if (open.answered || !end.completed) return;
  const text = `(not answered) ${end.words}`.trim();
  await addToThread(workspace, open.id, { from: agent, at: new Date().toISOString(), text });
}
