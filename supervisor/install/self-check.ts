import { join } from 'node:path';
import { snapshotDatabase } from '../host/database.ts';
import { kindOf, makeFolder, removeTree } from '../host/files/files.ts';
import { findPrograms } from '../host/process/programs.ts';
import { version } from '../host/version.ts';
import type { Layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';
import { host } from '../model/state.ts';
import { openJournal } from '../store/journal.ts';
import { loadPolicy } from '../store/policy.ts';

export interface SelfChecked {
  version: string;
  /** What `current` is by the journal; null: there is no journal yet. */
  current: string | null;
  entries: boolean;
}

/**
 * Whether this program could take over a host: it finds what it runs, its policy is valid, and a
 * copy of the journal opens, is brought up to its schema and reads. Changes nothing of the host.
 * Throws the Failure of the first that is not so.
 */
export function selfCheck(layout: Layout, policyFile: string, now: () => number): SelfChecked {
  findPrograms();
  const { policy, faults } = loadPolicy(policyFile);
  const [fault] = faults;
  if (policy === null) throw new Failure('policy-invalid', fault ?? noPolicy(policyFile));
  const place = join(layout.staging, `self-check-${process.pid}`);
  makeFolder(place, 0o700);
  try {
    const copy = join(place, 'journal.db');
    if (!snapshotDatabase(layout.journal, copy)) return { version, current: null, entries: false };
    const journal = openJournal(copy, now);
    const { current, policy: onRecord } = host(journal.load());
    journal.close();
    mustRead(layout, policyFile, onRecord);
    return { version, current, entries: true };
  } finally {
    removeTree(place);
  }
}

/** The version in force is what this program would go on with. */
function mustRead(layout: Layout, policyFile: string, onRecord: string | null): void {
  const file = onRecord === null ? null : layout.policyVersion(onRecord);
  if (file === null || kindOf(file) === 'absent') return;
  const [fault] = loadPolicy(policyFile, file).faults;
  if (fault !== undefined) throw new Failure('policy-invalid', fault);
}

const noPolicy = (input: string) => ({ message: 'there is no policy', step: 'self-check', input });
