import { Refusal } from './refusal.ts';

/** Money held back for one call that is under way. */
export interface Hold {
  readonly usd: number;
  /** Ends the hold and counts what was spent, once; a second settling changes nothing. */
  settle(usd: number): void;
}

/** The money of one door. What is held counts as spent until it is settled. */
export interface Purse {
  /** Throws a Refusal when `usd` is more than what is left. */
  hold(usd: number): Hold;
  /** USD spent and held. */
  spent(): number;
}

/** Sums of many small amounts differ by less than this. */
const ROUNDING = 1e-9;

/** `limit`: USD, null for none. */
export function openPurse(limit: number | null): Purse {
  let settled = 0;
  let held = 0;
  return {
    spent: () => settled + held,
    hold(usd) {
      const rest = limit === null ? Number.POSITIVE_INFINITY : limit - settled - held;
      if (usd > rest + ROUNDING) throw tooDear(usd, rest, limit);
      held += usd;
      let open = true;
      return {
        usd,
        settle(actual) {
          if (!open) return;
          open = false;
          held = Math.max(0, held - usd);
          settled += actual;
        },
      };
    },
  };
}

function tooDear(usd: number, rest: number, limit: number | null): Refusal {
  const left = `$${Math.max(0, rest).toFixed(6)} of $${(limit ?? 0).toFixed(6)} are left`;
  return new Refusal('budget-exhausted', {
    type: 'billing_error',
    by: 'budget',
    message: `over budget: the call may cost $${usd.toFixed(6)}, ${left}: lower max_tokens`,
    step: 'gateway budget',
    expected: `a call of at most $${Math.max(0, rest).toFixed(6)}`,
    actual: `$${usd.toFixed(6)} (size of the request, and max_tokens at the model's price)`,
    headers: { 'x-should-retry': 'false' },
  });
}
