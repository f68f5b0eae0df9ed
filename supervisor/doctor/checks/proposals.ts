import { numbered } from '../../model/numbered.ts';
import { type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** Proposals that wait for a person. */
export function proposals({ state }: Ground): Finding[] {
  const open = [...state().proposals.values()].filter((row) => row.endedAt === null);
  const held = open.filter((row) => row.held);
  const asked = open.filter((row) => row.phase === 'awaiting-approval' && !row.held);
  const list = (rows: typeof open) => rows.slice(0, 20).map((row) => row.id);
  const found = [
    ...(held.length === 0
      ? []
      : [
          warn(
            `${numbered(held.length, 'proposal')} held: their runs were on bad releases`,
            look,
            list(held),
          ),
        ]),
    ...(asked.length === 0
      ? []
      : [
          warn(`waiting for an approval: ${numbered(asked.length, 'proposal')}`, look, list(asked)),
        ]),
  ];
  return found.length > 0 ? found : [good('no proposal waits for a person')];
}

const look = 'Decide: `airlock approvals`.';
