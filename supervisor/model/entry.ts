import type { Mark } from './mark.ts';
import type { Outcome, Step } from './step.ts';

/** One line of the journal: what was about to be done, what came of it, or what was judged. */
export type Entry =
  | { at: number; type: 'intent'; key: string; step: Step }
  | { at: number; type: 'outcome'; key: string; step: Step; outcome: Outcome }
  | { at: number; type: 'mark'; mark: Mark };

/** What an entry is about: a proposal, run or release; what `show` and `log` look it up by. */
export function subjectOf(entry: Entry): string | null {
  if (entry.type === 'mark') {
    const mark = entry.mark;
    if ('proposal' in mark && mark.proposal !== null) return mark.proposal;
    if ('release' in mark && mark.release !== null) return mark.release;
    if (/^policy/.test(mark.mark) && 'digest' in mark) return `policy ${mark.digest.slice(0, 12)}`;
    return 'agent' in mark ? mark.agent : null;
  }
  const step = entry.step;
  if ('proposal' in step) return step.proposal;
  if (step.do === 'run') return step.run.id;
  if (step.do === 'stop') return step.run;
  if (step.do === 'seal') return step.id;
  return 'release' in step ? step.release : null;
}
