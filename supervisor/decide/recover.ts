import type { Mark } from '../model/mark.ts';
import type { Step } from '../model/step.ts';
import { type Decision, mark, none, type View } from './view.ts';

/**
 * Steps that a crash cut off: their intent is on record, their outcome is not, and nothing in this
 * process works on them. A run is gone with the supervisor that started it, and is no evidence;
 * every other step may safely be repeated.
 */
export function recover(view: View): Decision {
  const { state, facts } = view;
  const cut = [...state.pending.values()].filter(
    ({ key, step }) => !facts.underway.has(key) && !isNamedByLink(view, step),
  );
  if (cut.length === 0) return none;
  const runs = cut.flatMap(({ key, step }) =>
    step.do === 'run' ? [interrupted(view, step.run.id, key)] : [],
  );
  if (runs.length > 0) return mark(...runs);
  return { marks: [], steps: cut.map((one) => one.step) };
}

const interrupted = ({ facts }: View, run: string, key: string): Mark & { mark: 'interrupted' } => {
  return { mark: 'interrupted', run, key, usd: facts.spent?.get(run) ?? 0 };
};

/** Somebody moved `current` to what was to be removed: first the link goes back. */
const isNamedByLink = ({ facts }: View, step: Step): boolean =>
  step.do === 'discard' && step.what === 'release' && step.id === facts.current;
