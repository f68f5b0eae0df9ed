import { z } from 'zod';
import { fail } from '../../kernel/tasks.ts';
import { faultOfWords } from '../quality.ts';
import { openTask } from './open-task.ts';
import { insist, tool } from './tool.ts';

export const failTask = tool({
  name: 'fail_task',
  description:
    'Gives up the open task, for good. Say what is in the way, so that somebody can act.',
  input: {
    id: z.string().describe('The id after "Open task:"'),
    reason: z.string().describe('What is in the way'),
  },
  async run({ id, reason }, desk) {
    const open = openTask(desk, id);
    insist(faultOfWords(reason));
    await fail(desk.turn.workspace, open.task, 'running', reason);
    open.state = 'ended';
    return `Task ${id} is given up.`;
  },
});
