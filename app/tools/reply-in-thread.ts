import { z } from 'zod';
import { isId } from '../../kernel/ids.ts';
import { addToThread, readThread } from '../../kernel/threads.ts';
import { faultOfWords } from '../quality.ts';
import { insist, tool } from './tool.ts';

export const replyInThread = tool({
  name: 'reply_in_thread',
  description: 'Answers in a thread. Agents that take part in it are told, too.',
  input: {
    id: z.string().describe('The id after "Open thread:"'),
    text: z.string().describe('Your answer'),
  },
  async run({ id, text }, desk) {
    const { workspace, agent, team, gateway } = desk.turn;
    insist(isId(id) ? faultOfWords(text) : `"${id}" is not the id of a thread.`);
    const { messages } = await readThread(workspace, id);
    insist(messages.length > 0 ? null : `There is no thread "${id}".`);
    const writers = new Set(messages.map(({ from }) => from));
    const others = team.filter((name) => name !== agent.name && writers.has(name));
    for (const to of others) await gateway.send({ to, kind: 'thread', thread: id, text });
    await addToThread(workspace, id, { from: agent.name, at: new Date().toISOString(), text });
    if (desk.thread?.id === id) desk.thread.answered = true;
    return `Your answer stands in thread ${id}.`;
  },
});
