import type { Reason } from '../../model/reason.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';
import type { ConfinedEnding } from '../sandbox/confine.ts';

/** Longest line that the launcher reads, characters: a run's environment and command fit in. */
export const longestRequest = 1024 * 1024;
/** Longest line of an answer: the tails of both streams, escaped. */
export const longestAnswer = 1024 ** 3;

/** What the launcher says about a job. `ended`, `done` or `refused` is its last word. */
export type Event =
  /** The first process of the sandbox, as the host sees it. */
  | { event: 'first'; first: ProcessIdentity }
  | { event: 'output'; stream: 'stdout' | 'stderr'; text: string }
  /** Nothing is left of the run. */
  | { event: 'ended'; ending: Told }
  /** A short job's result. */
  | { event: 'done'; result: unknown }
  | { event: 'refused'; reason: Reason };

/** An ending as JSON can carry it. */
export type Told = Omit<ConfinedEnding, 'fault'> & { fault: string | null };
