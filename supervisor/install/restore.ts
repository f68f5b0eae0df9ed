import { dirname, join } from 'node:path';
import { syncFileSystem, syncFolder } from '../host/files/durable.ts';
import {
  copyFile,
  kindOf,
  listFolder,
  makeFolder,
  moveFile,
  readText,
  removeTree,
} from '../host/files/files.ts';
import { flip } from '../host/files/links.ts';
import { lookAt } from '../host/files/records.ts';
import { setMode } from '../host/files/tree.ts';
import { mustCall } from '../host/process/call.ts';
import { systemd } from '../host/process/systemd.ts';
import { unpack } from '../host/process/tar.ts';
import { type Backup, backupSchema } from '../model/backup.ts';
import { stamp } from '../model/duration.ts';
import { jsonOrNull } from '../model/json.ts';
import { type Layout, layout as layoutOf } from '../model/layout.ts';
import { Failure, type Reason } from '../model/reason.ts';
import { takeLock } from '../store/lock.ts';
import { openReader } from '../store/reader.ts';
import { kept } from './backup.ts';

export interface RestoreOptions {
  layout: Layout;
  policyFile: string;
  file: string;
  /** Put what is there aside first; else a ROOT with a journal is refused. */
  replace: boolean;
  /** Re-hash a release. */
  verify: (layout: Layout, release: string) => Reason[];
  /** tmpfiles.d of a host install: who may do what in ROOT; null: a checkout. */
  modes: string | null;
  /** Milliseconds since 1970. */
  now: number;
}

export interface Restored {
  backup: Backup;
  /** Where what was there is now; null when nothing was. */
  aside: string | null;
  /** The policy file was there and other than the one in the backup: it was left alone. */
  policyKept: boolean;
}

/**
 * Bring a ROOT back from a backup. Nothing is touched before all of the backup was unpacked and
 * found whole: its journal reads, its releases are what their manifests say. Then each part is
 * moved into place by one rename, `current` last. Cut off midway, it is finished by saying it
 * again. No supervisor may run meanwhile.
 * Throws Failure `already-running`, `usage`, `backup-damaged` or `host-failed`.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { layout, file } = options;
  makeFolder(layout.root);
  const lock = takeLock(layout);
  if (lock === null) {
    const message = `a supervisor runs on ${layout.root}`;
    const hint = 'Stop it first: `systemctl stop airlock`.';
    throw new Failure('already-running', { message, step: 'restore', input: layout.root, hint });
  }
  const stage = join(layout.root, '.restoring');
  try {
    removeTree(stage);
    makeFolder(stage, 0o700);
    await unpack(file, stage);
    const backup = examine(stage, options);
    const aside = clearTheWay(options);
    const policyKept = placePolicy(stage, options);
    await giveTo(
      layout.root,
      [...ours, 'journal.db'].map((name) => join(stage, name)),
    );
    await syncFileSystem(stage);
    for (const name of kept) place(join(stage, name), join(layout.root, name));
    if (backup.journal) {
      // What a killed writer left beside another journal would be taken for this one's.
      for (const end of ['-wal', '-shm']) removeTree(`${layout.journal}${end}`);
      // As readable as the folder that it is in: operators read it there.
      setMode(join(stage, 'journal.db'), 0o644);
      place(join(stage, 'journal.db'), layout.journal);
    }
    if (backup.current !== null) flip(layout, backup.current, null);
    await giveTo(layout.root, [layout.current]);
    if (options.modes !== null) await systemd.modes(options.modes);
    return { backup, aside, policyKept };
  } finally {
    removeTree(stage);
    lock.release();
  }
}

/** Switches stay root's, who put them back: whose a switch file is, halted. */
const ours = kept.filter((name) => name !== 'var/switches');

/** Root unpacked it; whose ROOT is must be able to change it. */
async function giveTo(root: string, paths: readonly string[]): Promise<void> {
  const owner = lookAt(root);
  const there = paths.filter((path) => kindOf(path) !== 'absent');
  if (process.geteuid?.() !== 0 || owner === null || there.length === 0) return;
  const to = `${owner.uid}:${owner.gid}`;
  await mustCall('chown', ['--recursive', '--no-dereference', to, ...there], 'restore');
}

/** What was unpacked is a whole backup, or nothing happens. */
function examine(stage: string, { file, verify }: RestoreOptions): Backup {
  const damaged = (message: string, actual: string | null, cause: string | null = null) =>
    new Failure('backup-damaged', { message, step: 'restore', input: file, actual, cause });
  const said = backupSchema.safeParse(jsonOrNull(readText(join(stage, 'backup.json'))));
  if (!said.success) throw damaged('this is no backup of Airlock', 'no readable backup.json');
  const backup = said.data;
  const inside = layoutOf(stage);
  for (const id of backup.releases) {
    const [fault] = verify(inside, id);
    if (fault) throw damaged(`the release ${id} in it is damaged`, fault.input, fault.message);
  }
  if (backup.current !== null && !backup.releases.includes(backup.current)) {
    throw damaged('the release that was current is not in it', backup.current);
  }
  if (backup.journal) examineJournal(join(stage, 'journal.db'));
  return backup;
}

/** Throws what reading it throws: `journal-damaged`, `schema-newer`. An older one is upgraded. */
function examineJournal(journal: string): void {
  try {
    const reader = openReader(journal);
    const [fault] = reader.damage();
    reader.close();
    if (fault === undefined) return;
    const message = 'the journal in the backup is damaged';
    throw new Failure('backup-damaged', { message, step: 'restore', input: journal, cause: fault });
  } catch (error) {
    if (error instanceof Failure && error.reason.code === 'schema-older') return;
    throw error;
  }
}

/** A ROOT that has lived is put aside as a whole, on an operator's word alone. */
function clearTheWay({ layout, replace, now }: RestoreOptions): string | null {
  if (kindOf(layout.journal) === 'absent') return null;
  if (!replace) {
    const message = `${layout.root} has a journal already`;
    const hint = 'Say --replace: what is there is put aside, not removed.';
    throw new Failure('usage', { message, step: 'restore', input: layout.root, hint });
  }
  const aside = join(layout.root, 'var', `before-restore-${stamp(now)}`);
  makeFolder(aside, 0o700);
  // The writer lock stays: it is ours just now. Traces are no part of a backup.
  const staying = new Set(['writer.lock', 'traces']);
  const state = listFolder(layout.state).filter((name) => !staying.has(name));
  const outside = kept.filter((name) => !name.startsWith('var/state/'));
  // The journal last: cut off before, all of it is done again.
  for (const name of [...outside, 'current', ...state.reverse().map((one) => `var/state/${one}`)]) {
    const from = join(layout.root, name);
    if (kindOf(from) === 'absent') continue;
    makeFolder(dirname(join(aside, name)));
    moveFile(from, join(aside, name));
  }
  syncFolder(layout.root);
  return aside;
}

/** true: another policy is there, which an operator wrote since: it stays. */
function placePolicy(stage: string, { policyFile }: RestoreOptions): boolean {
  const policy = join(stage, 'policy.yaml');
  if (kindOf(policy) === 'absent') return false;
  if (kindOf(policyFile) !== 'absent') return readText(policyFile) !== readText(policy);
  makeFolder(dirname(policyFile));
  copyFile(policy, policyFile);
  return false;
}

function place(from: string, to: string): void {
  if (kindOf(from) === 'absent') return;
  removeTree(to);
  makeFolder(dirname(to));
  moveFile(from, to);
  syncFolder(dirname(to));
}
