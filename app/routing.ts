import type { Assignment, Turn } from '../kernel/app.ts';
import type { Path } from '../kernel/environment.ts';
import { drive } from './paths/drive.ts';
import { standing } from './paths/standing.ts';
import { task } from './paths/task.ts';
import { thread } from './paths/thread.ts';
import { triage } from './paths/triage.ts';

/** Chooses what one turn works on; null when there is nothing to do. */
export type Route = (turn: Turn) => Promise<Assignment | null>;

/** The five ways in which an agent is invoked. */
export const routes: Record<Path, Route> = {
  /** Takes the oldest task that is ready. */
  task,
  /** Looks at goals, tasks and notes, and decides what comes next. */
  drive,
  /** Answers the thread that has waited longest. */
  thread,
  /** Sorts what others sent. */
  triage,
  /** Does the recurring duty of its role. */
  standing,
};
