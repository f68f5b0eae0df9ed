import type { Refusal } from './refusal.ts';

/** The message of a refusal, and the innermost cause where it says more. */
export function tellFailure(refusal: Refusal): string {
  const { cause } = refusal.reason;
  const said = cause === null || refusal.message.includes(cause);
  return said ? refusal.message : `${refusal.message} (${cause})`;
}
