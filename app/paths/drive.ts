import { join } from 'node:path';
import { sortQueue } from '../../kernel/claimable.ts';
import { orElse, readText } from '../../kernel/listing.ts';
import { topicsOf } from '../../kernel/memory.ts';
import { idsIn } from '../../kernel/tasks.ts';
import { assign } from '../assignment.ts';
import { emptyDesk } from '../desk.ts';
import { list, oneLine, quote } from '../prompts.ts';
import type { Route } from '../routing.ts';

const SHOWN = 20;

/** Looks at the agent's goals, tasks and notes and lets it decide what comes next. Always asks. */
export const drive: Route = async (turn) => {
  const { workspace } = turn;
  const queue = await sortQueue(workspace);
  const ready = queue.ready.map(({ id, title }) => `${id}: ${oneLine(title)}`);
  const waiting = queue.waiting.map((each) => `${each.task.id} waits for ${each.for.join(', ')}`);
  const failed = await idsIn(workspace, 'failed');
  return assign(emptyDesk(turn), {
    about: 'what comes next',
    values: {
      goals: await goalsOf(workspace),
      queued: list([...ready, ...waiting].slice(0, SHOWN), '(no task is queued)'),
      failed: list(failed.slice(0, SHOWN).map(oneLine), '(none)'),
      topics: list((await topicsOf(workspace)).slice(0, SHOWN).map(oneLine), '(no notes yet)'),
    },
  });
};

/** `goals.md` at the top of the workspace: the agent's or its operator's to write. */
async function goalsOf(workspace: string): Promise<string> {
  try {
    const goals = await orElse(() => readText(join(workspace, 'goals.md')), null);
    return goals === null ? '(no goals are written down: your role is your goal)' : quote(goals);
  } catch (error) {
    return `(goals.md cannot be read: ${oneLine(String(error))})`;
  }
}
