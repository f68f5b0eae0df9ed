import type { Proposal } from '../../model/proposal.ts';
import type { Call } from '../call.ts';
import type { wholeRelease } from '../shape/release.ts';
import { block, line, uncut } from '../show/escape.ts';
import { facts } from '../show/table.ts';
import { ago } from '../show/time.ts';
import { stateWord } from '../show/words.ts';

/** A release on a page. */
export function releaseText(
  whole: ReturnType<typeof wholeRelease>,
  from: Proposal | null,
  { paint, now: clock }: Call,
): string {
  const now = clock();
  const { bad, damaged, stableAt, removedAt } = whole;
  const page = facts([
    ['release', paint.bold(whole.id)],
    ['state', stateWord(whole.state, paint)],
    ['bad since', bad === null ? null : `${ago(bad.at, now)}: ${line(bad.message, 300)}`],
    ['damaged since', damaged === null ? null : `${ago(damaged.at, now)}: ${damaged.message}`],
    ['digest', whole.digest],
    ['made', ago(whole.createdAt, now)],
    ['from', whole.parent ?? 'the source folder of the policy'],
    ['proposal', whole.proposal === null ? null : uncut(whole.proposal)],
    ['by', whole.proposer],
    ['stable', stableAt === null ? 'no' : ago(stableAt, now)],
    ['removed', removedAt === null ? null : ago(removedAt, now)],
    ['deps', whole.deps],
  ]);
  if (from === null) return page;
  return `${page}\n\n${paint.bold(`${from.proposer} says`)} (not checked)\n${block(from.title)}`;
}
