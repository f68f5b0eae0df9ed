import { z } from 'zod';
import { complete } from '../../kernel/tasks.ts';
import { faultOfResult } from '../quality.ts';
import { openTask } from './open-task.ts';
import { insist, tool } from './tool.ts';

export const completeTask = tool({
  name: 'complete_task',
  description: 'Completes the open task. Without a result, your closing words are its result.',
  input: {
    id: z.string().describe('The id after "Open task:"'),
    result: z.string().optional().describe('What was done and what came out of it'),
  },
  async run({ id, result }, desk) {
    const open = openTask(desk, id);
    if (result === undefined) {
      open.state = 'closing';
      return `Task ${id} is completed when you end your turn. Say now what came out of it.`;
    }
    insist(faultOfResult(result));
    await complete(desk.turn.workspace, open.task, result);
    open.state = 'ended';
    return `Task ${id} is completed.`;
  },
});
