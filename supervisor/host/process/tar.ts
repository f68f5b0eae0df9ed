import { Failure } from '../../model/reason.ts';
import { kindOf } from '../files/files.ts';
import { call, mustCall } from './call.ts';

/** How much there is nobody knows before; somebody watches, and may end it. */
const asLongAsItTakes = 0;

/** Things of one folder that go into an archive, by name. */
export interface Packed {
  folder: string;
  names: readonly string[];
}

/**
 * Pack into a gzipped tar. Hard links stay what they are, so that releases that share files take
 * the room of one, and so do holes: an agent's refused drop may be of terabytes that nobody wrote.
 * Files that change or go while they are read are no failure: a live host writes.
 * Throws Failure `host-failed`.
 */
export async function pack(file: string, parts: readonly Packed[]): Promise<void> {
  const from = parts.flatMap(({ folder, names }) => ['--directory', folder, ...names]);
  const quiet = ['--warning=no-file-changed', '--warning=no-file-removed'];
  const how = ['--create', '--gzip', '--sparse', '--sort=name', '--numeric-owner', ...quiet];
  const args = [...how, '--file', file, ...from];
  await mustCall('tar', args, 'pack', { good: [0, 1], within: asLongAsItTakes });
}

/** Unpack into an empty folder, as the user who calls. Throws `not-found` or `host-failed`. */
export async function unpack(file: string, folder: string): Promise<void> {
  const at = { step: 'unpack', input: file };
  if (kindOf(file) === 'absent') {
    const hint = 'Name a file that is there.';
    throw new Failure('not-found', { message: `there is no file ${file}`, ...at, hint });
  }
  const how = ['--extract', '--gzip', '--no-same-owner', '--preserve-permissions'];
  const args = [...how, '--file', file, '--directory', folder];
  const { exit, stderr } = await call('tar', args, asLongAsItTakes);
  if (exit === 0) return;
  throw new Failure('host-failed', {
    message: `${file} cannot be unpacked`,
    ...at,
    expected: 'a whole .tar.gz, and room for it',
    cause: stderr.trim().slice(-2000),
    hint: 'Take the file again, or make room: see the cause.',
  });
}
