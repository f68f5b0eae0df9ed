/** Receipts: what the supervisor tells an agent about its proposal, where the agent can read it. */

import { join } from 'node:path';
import { makeFolder } from '../host/files/files.ts';
import type { NewFile } from '../host/files/many.ts';
import { lookAt } from '../host/files/records.ts';
import { redacted } from '../host/secrets.ts';
import { instant } from '../model/duration.ts';
import type { Layout } from '../model/layout.ts';
import type { Phase, Proposal } from '../model/proposal.ts';
import { Failure } from '../model/reason.ts';

export interface ReceiptExtras {
  /** Runs that began before still go on: the change is theirs only from their next start. */
  restartPending: boolean;
  /** Milliseconds since 1970. */
  at: number;
}

interface DueNow {
  layout: Layout;
  proposal: Proposal;
  extras: ReceiptExtras;
}

/** Content of `receipts/<agent>/<proposal>.json`: stable, see the contract, section 1. */
export function receiptOf(proposal: Proposal, extras: ReceiptExtras) {
  const { id, drop, title, phase, reason, release, digest, gates, canary } = proposal;
  const next = reason?.hint ?? waiting[phase];
  const { restartPending } = extras;
  const at = instant(extras.at);
  const told = { schema: 1, id, drop, title, phase, reason, release, digest, gates, canary };
  return { ...told, next, restartPending, at };
}

/** What its proposer can do in each phase, where no reason says it. */
const waiting: Record<Phase, string> = {
  received: 'Wait: it is in the queue. Withdraw it by dropping <name>.withdraw with its id.',
  staging: 'Wait: the new release is being built.',
  gating: 'Wait: it is being checked and rehearsed.',
  'awaiting-approval': 'Wait: an operator must approve it.',
  canary: 'Wait: one agent runs on it.',
  promoting: 'Wait: it becomes current.',
  baking: 'Wait: every agent runs on it now, and it is watched.',
  stable: 'Nothing: it is in force for good.',
  refused: 'Mend what the findings name, and drop it again.',
  aborted: 'Mend what the canary showed, and drop it again.',
  'rolled-back': 'Mend what the runs showed, and drop it again.',
  withdrawn: 'Nothing: you took it back.',
};

/**
 * A proposal's receipt as it is to be written; makes its folder.
 * @throws Failure `host-failed` when its folder is not one of ours.
 */
export function receiptFile({ layout, proposal, extras }: DueNow): NewFile {
  const folder = layout.receipts(proposal.proposer);
  if (/[/\0]|^\./.test(proposal.id) || /[/\0]|^\./.test(proposal.proposer)) {
    throw failed(folder, 'a proposal id that is a file name', proposal.id);
  }
  makeFolder(folder);
  const found = lookAt(folder);
  // Agents are shown this folder and never write it; a link here would lead a write elsewhere.
  if (!found?.isDirectory()) throw failed(folder, 'a folder', 'something else');
  const content = `${redacted(JSON.stringify(receiptOf(proposal, extras), null, 2))}\n`;
  return { path: join(folder, `${proposal.id}.json`), content, mode: 0o644 };
}

function failed(folder: string, expected: string, actual: string): Failure {
  const message = 'the receipt cannot be written';
  return new Failure('host-failed', { message, step: 'receipt', input: folder, expected, actual });
}
