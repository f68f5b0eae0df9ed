import { bad, type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** So many tries in vain are no passing trouble. */
const many = 5;

/** What the daemon tries again and again: a flip, a receipt, a notification, an answer. */
export function retries({ state }: Ground): Finding[] {
  const all = [...state().retries.values()];
  if (all.length === 0) return [good('nothing is tried again and again')];
  return all.map(({ key, attempts, reason }) => {
    const message = `${key} failed ${attempts} times: ${reason.message}`;
    const details = reason.cause === null ? [] : [reason.cause];
    return attempts >= many
      ? bad(message, reason.hint, details)
      : warn(message, reason.hint, details);
  });
}
