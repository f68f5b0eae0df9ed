import { z } from 'zod';
import { isId } from '../../kernel/ids.ts';
import { createTask as queueTask } from '../../kernel/tasks.ts';
import { faultOfWords } from '../quality.ts';
import { faultOfAddressee } from './addressee.ts';
import { insist, tool } from './tool.ts';

export const createTask = tool({
  name: 'create_task',
  description: 'Queues a task for yourself, or hands one to another agent with "to".',
  input: {
    title: z.string().max(300).describe('What is to be done, in one line'),
    body: z.string().describe('What is known about it, and when it is done'),
    to: z.string().optional().describe('The agent that it is for; yourself if left out'),
    after: z.array(z.string()).max(50).optional().describe('Ids of tasks that must be done first'),
  },
  async run({ title, body, to, after }, desk) {
    const { workspace, gateway, agent } = desk.turn;
    insist(faultOfWords(title));
    const odd = after?.find((id) => !isId(id));
    insist(odd === undefined ? null : `"${odd}" is not the id of a task.`);
    if (to === undefined || to === agent.name) {
      const id = await queueTask(workspace, { title: title.trim(), body, after });
      return `Task ${id} is queued.`;
    }
    insist(faultOfAddressee(desk, to));
    await gateway.send({ to, kind: 'task', title: title.trim(), body, after });
    return `The task is handed to ${to}.`;
  },
});
