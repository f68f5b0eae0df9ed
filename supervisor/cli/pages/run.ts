import type { Call } from '../call.ts';
import type { wholeRun } from '../shape/run.ts';
import { uncut } from '../show/escape.ts';
import { reasonText } from '../show/reason.ts';
import { facts } from '../show/table.ts';
import { ago, span } from '../show/time.ts';
import { dollars, outcomeWord } from '../show/words.ts';

/** A run on a page. */
export function runText(whole: ReturnType<typeof wholeRun>, { paint, now: clock }: Call): string {
  const now = clock();
  const { durationMs, deployment, reason } = whole;
  const page = facts([
    ['run', paint.bold(whole.id)],
    ['outcome', outcomeWord(whole.outcome, whole.cause, paint)],
    ['agent', `${whole.agent}, path ${whole.path}`],
    ['kind', whole.kind + (whole.rehearsed ? ' (answered by the rehearsal model)' : '')],
    ['release', whole.release],
    ['evidence', deployment === null ? null : `for ${uncut(deployment)}`],
    ['started', ago(whole.startedAt, now)],
    ['took', durationMs === null ? 'still running' : span(durationMs)],
    ['model', `${whole.steps} calls, ${dollars(whole.usd)}`],
    ['policy', whole.policy.slice(0, 12)],
    ...whole.notes.map((note) => ['noted', uncut(note)] as const),
    ['trace', `airlock trace ${whole.id}`],
  ]);
  return reason === null ? page : `${page}\n\n${reasonText(reason, paint)}`;
}
