import type { TurnEnd } from '../../kernel/app.ts';
import { claimOldest } from '../../kernel/claimable.ts';
import { RunError } from '../../kernel/errors.ts';
import { complete, fail, putBack } from '../../kernel/tasks.ts';
import { assign, objectOnce } from '../assignment.ts';
import type { OpenTask } from '../desk.ts';
import { emptyDesk } from '../desk.ts';
import { quote } from '../prompts.ts';
import { faultOfResult } from '../quality.ts';
import type { Route } from '../routing.ts';

const STILL_OPEN =
  'The task is still open. End it: complete_task with its result, or fail_task with the reason.';

/** Failures that are the task's own; any other would have hit every task and does not count. */
const ITS_OWN = new Set(['step-limit', 'over-budget', 'model-declined']);

/** Takes the oldest task that is ready and works on it until it is completed or given up. */
export const task: Route = async (turn) => {
  const { workspace, run, settings } = turn;
  const claimed = await claimOldest(workspace, run);
  if (claimed === null) return null;
  const open: OpenTask = { task: claimed, state: 'open' };
  return assign(
    { ...emptyDesk(turn), task: open },
    {
      about: `task ${claimed.id}`,
      values: { id: claimed.id, title: quote(claimed.title), body: quote(claimed.body) },
      review: objectOnce((words) => objection(open, words)),
      settle: (end) => settle(open, end, workspace, settings.attempts),
    },
  );
};

function objection({ state }: OpenTask, words: string): string | null {
  if (state === 'open') return STILL_OPEN;
  if (state === 'ended') return null;
  const fault = faultOfResult(words);
  return fault && `${fault} Your last words are the result of the task.`;
}

async function settle(
  { task: held, state }: OpenTask,
  end: TurnEnd,
  workspace: string,
  attempts: number,
): Promise<void> {
  if (state === 'ended') return;
  const usable = end.completed && state === 'closing' && faultOfResult(end.words) === null;
  if (usable) return complete(workspace, held, end.words);
  const counts = end.completed || (end.error instanceof RunError && ITS_OWN.has(end.error.code));
  const made = held.attempts + (counts ? 1 : 0);
  if (made < attempts) return putBack(workspace, held, made);
  return fail(workspace, held, 'running', `${made} turns ended without a result.`);
}
