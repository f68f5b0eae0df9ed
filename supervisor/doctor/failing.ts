import { counts } from '../decide/attribute.ts';
import type { State } from '../model/state.ts';

/** So many failed runs in a row are no accident. */
export const failuresInARow = 3;

/** Agents whose last runs all failed. */
export function failingAgents(state: State): { agent: string; runs: number; last: string }[] {
  return [...state.agents.values()].flatMap(({ name, recent }) => {
    const good = recent.findLastIndex((run) => !counts(run));
    const failed = recent.slice(good + 1);
    const last = failed.at(-1);
    if (last === undefined || failed.length < failuresInARow) return [];
    return [{ agent: name, runs: failed.length, last: last.id }];
  });
}
