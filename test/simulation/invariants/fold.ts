import { isDeepStrictEqual } from 'node:util';
import { evolve } from '../../../supervisor/decide/evolve/entry.ts';
import { apply, nothing, tableNames } from '../../../supervisor/model/state.ts';
import type { World } from '../world.ts';

/** The state is the fold of its entries: the rows that were written are what they come to. */
export function checkFold(world: World): void {
  const { journal, oracle } = world;
  let state = nothing;
  for (const { entry, policy } of journal.entries) {
    state = apply(state, evolve(state, entry, policy));
  }
  for (const table of tableNames) {
    const same = isDeepStrictEqual(state[table], journal.state[table]);
    oracle.check(same, 'fold', () => `${table}: the rows are not the fold of the entries`);
  }
  oracle.count('fold');
}
