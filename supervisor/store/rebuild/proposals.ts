import { listFolder } from '../../host/files/files.ts';
import { instant } from '../../model/duration.ts';
import type { Layout } from '../../model/layout.ts';
import { type Proposal, terminal } from '../../model/proposal.ts';
import { reason } from '../../model/reason.ts';
import type { Found, SealedThere, Told } from './found.ts';

export interface Rows {
  /** Ended ones are history, open ones begin again; all with what their agents are to be told. */
  proposals: { row: Proposal; open: boolean; tell: boolean }[];
  /** The one that was made current and is watched; null: none. */
  baking: Proposal | null;
  lost: string[];
}

interface Around {
  layout: Layout;
  found: Found;
  current: string | null;
  now: number;
}

/** Every proposal that a receipt or a sealed drop tells of: none that was accepted is forgotten. */
export function judgeProposals(around: Around): Rows {
  const { found, layout } = around;
  const rows: Rows = { proposals: [], baking: null, lost: [] };
  for (const [id, told] of found.receipts) {
    if (terminal.has(told.receipt.phase)) {
      rows.proposals.push({ row: ended(told, found.sealed.get(id)), open: false, tell: false });
    } else begun(around, rows, told);
  }
  const agents = listFolder(layout.inboxes);
  for (const [id, sealed] of found.sealed) {
    if (found.receipts.has(id)) continue;
    const agent = proposerOf(id, agents);
    if (agent === null) rows.lost.push(`proposal ${id}: whose it is cannot be told any more`);
    else requeue(around, rows, blank(id, agent, sealed));
  }
  return rows;
}

function begun(around: Around, rows: Rows, told: Told): void {
  const { receipt, agent } = told;
  const sealed = around.found.sealed.get(receipt.id);
  const live = receipt.release !== null && receipt.release === around.current;
  if (live && (receipt.phase === 'baking' || receipt.phase === 'promoting')) {
    rows.baking = { ...past(told, sealed), phase: 'baking' };
    rows.lost.push(`proposal ${receipt.id}: what its bake had shown; it is watched anew`);
    return;
  }
  if (sealed === undefined) {
    const message = 'the journal was damaged, and its sealed copy is gone';
    const because = reason('journal-damaged', { message, step: 'rebuild', input: receipt.id });
    const end = { ...because, hint: 'Drop it again.' };
    const at = instant(around.now);
    const row = { ...past(told, sealed), phase: 'refused' as const, reason: end, endedAt: at };
    // Alive until its agent was told, as any that ends.
    rows.proposals.push({ row, open: true, tell: true });
    rows.lost.push(`proposal ${receipt.id} of ${agent}: its sealed copy is gone; it was told so`);
    return;
  }
  requeue(around, rows, { ...blank(receipt.id, agent, sealed), drop: receipt.drop }, told);
}

/** From the beginning: what was found on its way is not on record any more. */
function requeue({ found, current }: Around, rows: Rows, row: Proposal, told?: Told): void {
  const release = told?.receipt.release ?? null;
  const from = release === null ? null : (found.releases.get(release)?.parent ?? null);
  rows.proposals.push({
    row: { ...row, base: row.base ?? from ?? current },
    open: true,
    tell: true,
  });
  const asked = told?.receipt.phase === 'awaiting-approval' || told?.receipt.phase === 'canary';
  const approval = asked ? ' An approval of it is asked again.' : '';
  const was = told?.receipt.phase ?? 'sealed';
  rows.lost.push(`proposal ${row.id}: it was ${was}, and begins again from the queue.${approval}`);
}

const ended = (told: Told, sealed: SealedThere | undefined): Proposal => {
  const { at } = told.receipt;
  return { ...past(told, sealed), endedAt: at };
};

function past({ agent, receipt }: Told, sealed: SealedThere | undefined): Proposal {
  const { phase, reason: because, release, digest, gates, canary, drop, title, at } = receipt;
  const row = blank(receipt.id, agent, sealed ?? none);
  const more = { drop, title, phase, reason: because, release, digest, gates, canary };
  return { ...row, ...more, phaseAt: at };
}

const none: SealedThere = {
  ...{ form: 'overlay', title: '', why: '', base: null, paths: [], bytes: 0, sha256: '' },
};

function blank(id: string, proposer: string, sealed: SealedThere): Proposal {
  const { title, why, form, paths, sha256, base } = sealed;
  const receivedAt = timeOf(id);
  const name = id.slice(id.indexOf('-') + proposer.length + 2);
  return {
    ...{ id, drop: name, file: name, title, why, form, proposer, base, paths, sha256 },
    ...{ run: null, onRelease: null, release: null, digest: null },
    ...{ phase: 'received', phaseAt: receivedAt, reason: null, receivedAt, endedAt: null },
    ...{ held: false, approval: null, gates: [], authority: [], canary: null },
  };
}

/** `20261121T011850Z-maker-name`: when it was received. */
export function timeOf(id: string): string {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(id)?.slice(1).map(Number);
  if (parts === undefined) return instant(0);
  const [year = 0, month = 1, day, hour, minute, second] = parts;
  return instant(Date.UTC(year, month - 1, day, hour, minute, second));
}

/** The longest name wins: `a-b` before `a`. */
function proposerOf(id: string, agents: readonly string[]): string | null {
  const rest = id.slice(id.indexOf('-') + 1);
  const mine = agents.filter((name) => rest.startsWith(`${name}-`));
  return mine.toSorted((a, b) => b.length - a.length)[0] ?? null;
}
