import { switchName } from '../model/halt.ts';
import type { Mark } from '../model/mark.ts';
import { host } from '../model/state.ts';
import { type Decision, mark, none, type View } from './view.ts';

/** What changed outside and belongs into the journal: the tick, halts and resumes, the policy. */
export function news(view: View): Decision {
  const { facts, state, policy } = view;
  const known = host(state);
  const marks: Mark[] = [];
  if (policy.digest !== known.policy) {
    const from = known.policy;
    marks.push({ mark: 'policy', digest: policy.digest, from, by: 'airlock', why: 'start' });
  }
  const names = facts.switches.readable
    ? facts.switches.halts.map((halt) => switchName(halt.scope, halt.target)).toSorted()
    : ['unreadable'];
  const on = names.filter((name) => !known.switches.includes(name));
  const off = known.switches.filter((name) => !names.includes(name));
  if (on.length + off.length > 0) marks.push({ mark: 'switches', on, off, names });
  if (facts.tick && known.lastTick !== view.now) marks.push({ mark: 'tick' });
  return marks.length > 0 ? mark(...marks) : none;
}
