import { closedPlace } from '../host/files/closed.ts';
import type { Reason } from '../model/reason.ts';

/** error: something does not work, or will not; warning: somebody should know. */
export type Severity = 'error' | 'warning' | 'note';

/** What a check found. A check that is content gives one that is ok. */
export interface Finding {
  ok: boolean;
  severity: Severity;
  message: string;
  /** What to do, for everything that is not ok. */
  remedy: string | null;
  /** More of it, one thing each; may hold an agent's words. */
  details: string[];
}

export const good = (message: string, details: string[] = []): Finding => {
  return { ok: true, severity: 'note', message, remedy: null, details };
};

export function bad(message: string, remedy: string, details: string[] = []): Finding {
  return { ok: false, severity: 'error', message, remedy, details };
}

export function warn(message: string, remedy: string, details: string[] = []): Finding {
  return { ok: false, severity: 'warning', message, remedy, details };
}

/** What whoever asks may not look at is no fault, and not in order either. */
export function unseen(message: string, details: string[] = []): Finding {
  return { ok: false, severity: 'note', message, remedy: 'As root: `airlock doctor`.', details };
}

/** So a check ends that came upon what is closed to a guest; null: it was something else. */
export function hidden(error: unknown, { guest }: { guest: boolean }): Finding | null {
  const closed = guest ? closedPlace(error) : null;
  return closed === null ? null : unseen(`could not look: ${closed} is closed to you`);
}

export const isUnseen = ({ ok, severity }: Finding): boolean => !ok && severity === 'note';

/** A check that could not look has failed. */
export function blind({ message, cause, hint }: Reason): Finding {
  const known = cause === null || message.includes(cause) || cause.endsWith(message);
  const why = known ? message : `${message}: ${cause}`;
  return bad(`could not look: ${why}`, hint);
}
