import { stableReleases } from '../../decide/rollback.ts';
import { kindOf } from '../../host/files/files.ts';
import { numbered } from '../../model/numbered.ts';
import { bad, type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';
import { wayBack } from '../way-back.ts';

/** There is somewhere to go back to. */
export function stable(ground: Ground): Finding[] {
  const { layout, state, current } = ground;
  const all = stableReleases(state());
  const damaged = [...state().releases.values()].filter((one) => one.damaged);
  const passed = damaged.map((one) =>
    bad(
      `the release ${one.id} was passed over as damaged since ${one.damaged?.at}`,
      `Restore the folder from a backup; \`airlock rollback --to ${one.id}\` tries it again.`,
      [one.damaged?.message ?? ''],
    ),
  );
  const gone = all.filter((one) => kindOf(layout.manifest(one.id)) !== 'file');
  const lost = [
    ...passed,
    ...gone.map((one) =>
      bad(`the stable release ${one.id} is on record, but not complete on the disk`, restore),
    ),
  ];
  const others = all.filter((one) => one.id !== current() && !gone.includes(one));
  if (others.length > 0) {
    return [...lost, good(`${numbered(others.length, 'stable release')} to go back to`)];
  }
  const first = lost.length === 0 && all.some((one) => one.id === current());
  const message = 'there is no stable release to go back to: a rollback would halt the host';
  const remedy = first
    ? 'The first change that survives its bake mends this.'
    : `When the time comes: ${wayBack(ground)}`;
  return [...lost, warn(message, remedy)];
}

const restore = 'Restore the folder from a backup, or let retention forget it.';
