import type { Turn } from '../kernel/app.ts';
import type { Task } from '../kernel/tasks.ts';

/** What lies before the agent in this turn; its tools act on it. */
export interface Desk {
  turn: Turn;
  task: OpenTask | null;
  thread: OpenThread | null;
}

/** The task that this run has claimed. */
export interface OpenTask {
  task: Task;
  /** `closing`: to be completed with the model's last words as its result. */
  state: 'open' | 'closing' | 'ended';
}

/** The thread that waits for an answer. */
export interface OpenThread {
  id: string;
  answered: boolean;
}

export function emptyDesk(turn: Turn): Desk {
  return { turn, task: null, thread: null };
}
