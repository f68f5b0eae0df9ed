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

/** A check that could not look has failed. */
export function blind({ message, cause, hint }: Reason): Finding {
  const known = cause === null || message.includes(cause) || cause.endsWith(message);
  const why = known ? message : `${message}: ${cause}`;
  return bad(`could not look: ${why}`, hint);
}
