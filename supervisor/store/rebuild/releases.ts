import type { BadMark, Manifest, Release } from '../../model/release.ts';
import type { Remembered } from '../remembered.ts';
import type { Found, Told } from './found.ts';

export interface Known {
  releases: Release[];
  bad: BadMark[];
  /** What cannot be known of them, in words. */
  lost: string[];
}

/** Codes by which a change ends on evidence against it: its digest is barred. */
const evidence = new Set(['canary-failed', 'canary-slow', 'canary-costly', 'bake-failed']);

/**
 * Which releases there are, which are stable, and which are bad, as far as manifests, receipts and
 * what was remembered tell. In doubt a release is nowhere to go back to, and is named.
 */
export function judgeReleases(
  found: Found,
  current: string | null,
  memory: Remembered | null,
): Known {
  const lost: string[] = [];
  const bad = new Map((memory?.bad ?? []).map((one) => [one.digest, one]));
  for (const told of found.receipts.values()) {
    // What was barred then, or is not any more, is remembered.
    if (memory !== null && told.receipt.at <= memory.at) continue;
    const mark = barredBy(told, lost);
    if (mark !== null) bad.set(mark.digest, mark);
  }
  const now = current === null ? undefined : found.releases.get(current);
  const releases = [...found.releases.values()].map((one) => {
    const stableAt = stableSince(one, found);
    const release = rowOf(one, stableAt);
    if (stableAt === null || now === undefined || one.id === now.id) return release;
    if (one.createdAt <= now.createdAt || memory !== null) return release;
    lost.push(
      `release ${one.id}: it was stable once and is newer than current, so somebody went back ` +
        'from it; whether it is barred is not known, and no rollback goes there by itself',
    );
    return { ...release, stableAt: null };
  });
  return { releases, bad: [...bad.values()], lost };
}

function rowOf(one: Manifest, stableAt: string | null): Release {
  const { id, digest, parent, proposal, proposer, deps, createdAt } = one;
  return { id, digest, parent, proposal, proposer, deps, createdAt, stableAt, removedAt: null };
}

/** The first release of a host is stable or there is no host; of others their receipts tell. */
function stableSince({ proposal, createdAt }: Manifest, { receipts }: Found): string | null {
  if (proposal === null) return createdAt;
  const receipt = receipts.get(proposal)?.receipt;
  return receipt?.phase === 'stable' ? receipt.at : null;
}

function barredBy({ receipt }: Told, lost: string[]): BadMark | null {
  const { release, digest, reason, at, phase } = receipt;
  if (release === null || digest === null || reason === null) return null;
  if (phase !== 'aborted' && phase !== 'rolled-back') return null;
  const { code, message } = reason;
  const mark = { digest, release, at, code, message };
  if (evidence.has(code)) return mark;
  if (code !== 'operator-rollback') return null;
  lost.push(
    `release ${release}: an operator went back from it; it is barred now, although he may have ` +
      `said --keep: \`airlock unbar ${digest.slice(0, 12)} --reason TEXT\` if he did`,
  );
  return mark;
}
