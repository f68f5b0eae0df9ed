import { dirname, join } from 'node:path';
import { snapshotDatabase } from '../host/database.ts';
import { syncFolder, syncPath } from '../host/files/durable.ts';
import {
  copyFile,
  kindOf,
  listFolder,
  makeFolder,
  moveFile,
  removeTree,
  writeDurable,
} from '../host/files/files.ts';
import { readCurrent } from '../host/files/links.ts';
import { sizeOf } from '../host/files/tree.ts';
import { pack } from '../host/process/tar.ts';
import { version } from '../host/version.ts';
import type { Backup } from '../model/backup.ts';
import { instant } from '../model/duration.ts';
import type { Layout } from '../model/layout.ts';

/**
 * What of ROOT goes into a backup, apart from the journal and `current`: all that a host needs to
 * go on as it was. Agents' own files (workspaces, inboxes) and traces are theirs to keep.
 */
export const kept = [
  'releases',
  'deps',
  'receipts',
  'var/intake',
  'var/switches',
  'var/incidents',
  'var/state/history',
  'var/state/policies',
] as const;

export interface BackedUp {
  file: string;
  bytes: number;
  backup: Backup;
}

/**
 * One archive of policy, journal, history and releases, of a host that runs or not. The journal is
 * a consistent copy, taken first: what it speaks of and was removed since is missing, and nothing
 * that it does not know does harm. Appears under its name only when it is whole and on the disk.
 */
export async function backUp(
  layout: Layout,
  policyFile: string,
  file: string,
  now: number,
): Promise<BackedUp> {
  const stage = join(dirname(file), `.airlock-backup-${process.pid}`);
  makeFolder(stage, 0o700);
  try {
    const current = readCurrent(layout);
    const journal = snapshotDatabase(layout.journal, join(stage, 'journal.db'));
    const policy = kindOf(policyFile) !== 'absent';
    if (policy) copyFile(policyFile, join(stage, 'policy.yaml'));
    const releases = listFolder(layout.releases).filter(
      (id) => kindOf(layout.manifest(id)) === 'file',
    );
    const createdAt = instant(now);
    const backup: Backup = { schema: 1, version, createdAt, current, releases, journal, policy };
    writeDurable(join(stage, 'backup.json'), `${JSON.stringify(backup, null, 2)}\n`);
    const own = listFolder(stage);
    const there = kept.filter((name) => kindOf(join(layout.root, name)) === 'folder');
    const unfinished = join(stage, 'unfinished');
    // Made before tar writes into it: what a host knows is for its operators alone.
    writeDurable(unfinished, '', 0o600);
    await pack(unfinished, [
      { folder: stage, names: own },
      { folder: layout.root, names: there },
    ]);
    syncPath(unfinished);
    moveFile(unfinished, file);
    syncFolder(dirname(file));
    return { file, bytes: sizeOf(file), backup };
  } finally {
    removeTree(stage);
  }
}
