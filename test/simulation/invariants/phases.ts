import { type Phase, terminal } from '../../../supervisor/model/proposal.ts';
import type { State } from '../../../supervisor/model/state.ts';
import type { Oracle } from '../oracle.ts';

/** The way of a change (architecture, section 2): from each phase, the next ones. */
const ways: Record<Phase, readonly Phase[]> = {
  received: ['staging', 'refused', 'withdrawn'],
  staging: ['gating', 'refused', 'withdrawn'],
  gating: ['awaiting-approval', 'canary', 'refused', 'withdrawn'],
  'awaiting-approval': ['received', 'refused', 'withdrawn'],
  canary: ['promoting', 'aborted', 'withdrawn'],
  promoting: ['baking', 'aborted'],
  baking: ['stable', 'rolled-back'],
  stable: [],
  refused: [],
  aborted: [],
  'rolled-back': [],
  withdrawn: [],
};

/** Several outcomes may be recorded in one transaction: up to three phases on at a time. */
function reaches(from: Phase, to: Phase, far = 3): boolean {
  if (from === to) return true;
  return far > 0 && ways[from].some((next) => reaches(next, to, far - 1));
}

/** Every proposal goes its way, never back, and never out of its end. */
export function checkPhases(oracle: Oracle, before: State, after: State): void {
  if (before.proposals === after.proposals) return;
  for (const [id, row] of after.proposals) {
    const was = before.proposals.get(id);
    if (was === row || was?.phase === row.phase) continue;
    oracle.count(`phase ${row.phase}`);
    if (row.phase === 'refused') oracle.count(`refusal ${row.reason?.code}`);
    const from = was?.phase ?? 'received';
    const legal = was === undefined ? ['received', 'refused'].includes(row.phase) : true;
    const way = () => `${id} went from ${was?.phase ?? 'nowhere'} to ${row.phase}`;
    oracle.check(legal && reaches(from, row.phase), 'phases', way);
  }
  for (const [id, row] of before.proposals) {
    if (after.proposals.has(id)) continue;
    const over = terminal.has(row.phase);
    oracle.check(over, 'invariant 5', () => `${id} is lost in phase ${row.phase}`);
    const told = oracle.world.disk.receipts.get(id);
    const stale = () => `${id} is forgotten in ${row.phase}, its receipt says ${told}`;
    oracle.check(told === row.phase, 'receipts', stale);
  }
}
