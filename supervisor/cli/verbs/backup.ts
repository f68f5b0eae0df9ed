import { dirname, join, resolve } from 'node:path';
import { isGuest } from '../../host/files/closed.ts';
import { kindOf } from '../../host/files/files.ts';
import { followed } from '../../host/files/records.ts';
import { backUp } from '../../install/backup.ts';
import { stamp } from '../../model/duration.ts';
import { numbered } from '../../model/numbered.ts';
import { Failure } from '../../model/reason.ts';
import { type Call, exits, type Result } from '../call.ts';
import { uncut } from '../show/escape.ts';

/** One archive of all that a host needs to go on as it was. */
export async function verb(call: Call): Promise<Result> {
  const { layout, place, now } = call;
  if (isGuest(layout.root)) {
    const message = 'only root can back up a host: parts of its state are closed to others';
    const hint = 'Say it as root.';
    throw new Failure('usage', { message, step: 'backup', input: layout.root, hint });
  }
  if (kindOf(layout.releases) !== 'folder') {
    const message = `there is nothing to back up in ${layout.root}`;
    throw new Failure('not-found', { message, step: 'backup', input: layout.root });
  }
  const { file, bytes, backup } = await backUp(layout, place.policyFile, fileOf(call), now());
  const { current, releases, journal, policy } = backup;
  const size = `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const missing = [...(journal ? [] : ['journal']), ...(policy ? [] : ['policy'])];
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, file, bytes, ...{ current, releases, journal, policy } },
    text: () =>
      [
        `${uncut(file)}: ${size}, ${numbered(releases.length, 'release')}`,
        ...missing.map((one) => `there was no ${one} to put into it`),
      ].join('\n'),
  };
}

/** A name of its own where a folder, or nothing, was named. */
function fileOf({ args, now }: Call): string {
  const name = `airlock-backup-${stamp(now())}.tar.gz`;
  const [given] = args;
  if (given === undefined) return resolve(name);
  const file = resolve(given);
  if (kindOf(file) === 'folder') return join(file, name);
  if (kindOf(followed(dirname(file))) === 'folder') return file;
  const message = `there is no folder ${dirname(file)}`;
  throw new Failure('not-found', { message, step: 'backup', input: file, hint: 'Make it first.' });
}
