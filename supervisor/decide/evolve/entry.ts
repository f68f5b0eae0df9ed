import type { Entry } from '../../model/entry.ts';
import type { PolicyInForce } from '../../model/policy.ts';
import type { Put, State } from '../../model/state.ts';
import { Draft } from '../draft.ts';
import { intended } from './intent.ts';
import { marked } from './mark.ts';
import { settled } from './outcome.ts';

/**
 * The rows that one journal entry writes. The state is the fold of its entries: what was about to
 * be done, what came of it, what was judged. Pure; the same entries give the same state.
 */
export function evolve(state: State, entry: Entry, policy: PolicyInForce): Put[] {
  return advance(state, [entry], policy).puts;
}

/** The rows that entries of one transaction write, and the state with them: copied once for all. */
export function advance(
  state: State,
  entries: readonly Entry[],
  policy: PolicyInForce,
): { puts: Put[]; state: State } {
  const draft = new Draft(state, policy);
  for (const entry of entries) {
    draft.now = entry.at;
    draft.number();
    if (entry.type === 'intent') intended(draft, entry);
    else if (entry.type === 'outcome') settled(draft, entry);
    else marked(draft, entry.mark);
  }
  return draft;
}
