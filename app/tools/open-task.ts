import type { Desk, OpenTask } from '../desk.ts';

/** The task that this run has claimed; throws if it is another one or is ended. */
export function openTask({ task }: Desk, id: string): OpenTask {
  if (task === null) throw new Error('You have no open task in this turn.');
  if (task.task.id !== id) throw new Error(`Your open task is ${task.task.id}, not ${id}.`);
  if (task.state === 'ended') throw new Error(`Task ${id} is ended already.`);
  return task;
}
