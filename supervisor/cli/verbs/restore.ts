import { resolve } from 'node:path';
import { kindOf } from '../../host/files/files.ts';
import { hostPlace } from '../../install/place.ts';
import { restore } from '../../install/restore.ts';
import { argument, type Call, exits, flag, type Result } from '../call.ts';
import { startOf } from '../place.ts';
import { verifyRelease } from '../read-releases.ts';
import { uncut } from '../show/escape.ts';

/** A ROOT as a backup has it; nothing is touched before the backup was found whole. */
export async function verb(call: Call): Promise<Result> {
  const { layout, place, now } = call;
  const file = resolve(argument(call, 0));
  const { policyFile } = place;
  const replace = flag(call, 'replace');
  const { tmpfiles } = hostPlace('', place.instance);
  const modes = place.checkout === null && kindOf(tmpfiles) === 'file' ? tmpfiles : null;
  const asked = { layout, policyFile, file, replace, verify: verifyRelease, modes, now: now() };
  const { backup, aside, policyKept } = await restore(asked);
  const { current, releases, journal, createdAt } = backup;
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, current, releases, journal, createdAt, aside, policyKept },
    text: () =>
      [
        `${uncut(layout.root)} is as it was ${createdAt}: current is ${current ?? 'none'}`,
        ...(aside === null ? [] : [`what was there is in ${uncut(aside)}`]),
        ...(policyKept ? [`${uncut(policyFile)} was left alone: it is another one`] : []),
        `Next: \`airlock doctor\`, then \`${startOf(place)}\`.`,
      ].join('\n'),
  };
}
