import { mustCall } from './call.ts';

/** Things of one folder that go into an archive, by name. */
export interface Packed {
  folder: string;
  names: readonly string[];
}

/**
 * Pack into a gzipped tar. Hard links stay what they are, so that releases that share files take
 * the room of one. Files that change or go while they are read are no failure: a live host writes.
 * Throws Failure `host-failed`.
 */
export async function pack(file: string, parts: readonly Packed[]): Promise<void> {
  const from = parts.flatMap(({ folder, names }) => ['--directory', folder, ...names]);
  const quiet = ['--warning=no-file-changed', '--warning=no-file-removed'];
  const how = ['--create', '--gzip', '--sort=name', '--numeric-owner', ...quiet, '--file', file];
  await mustCall('tar', [...how, ...from], 'pack', [0, 1]);
}

/** Unpack into an empty folder, as the user who calls. Throws Failure `host-failed`. */
export async function unpack(file: string, folder: string): Promise<void> {
  const how = ['--extract', '--gzip', '--no-same-owner', '--preserve-permissions'];
  await mustCall('tar', [...how, '--file', file, '--directory', folder], 'unpack');
}
