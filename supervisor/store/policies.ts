/**
 * Versions of the policy, by digest: what is in force is what the journal names, read from here.
 * The policy file is only where the next version comes from.
 */
import { makeFolder, readText, writeDurable } from '../host/files/files.ts';
import { followed, lookAt } from '../host/files/records.ts';
import type { Layout } from '../model/layout.ts';
import type { PolicyInForce } from '../model/policy.ts';
import { Failure, type Reason } from '../model/reason.ts';
import { host } from '../model/state.ts';
import { type LoadedPolicy, loadPolicy, type ReadPolicy } from './policy.ts';
import { openReader } from './reader.ts';

/** Keep a version; durable when it returns. The same may be kept again. */
export function keepVersion(layout: Layout, { policy, content }: ReadPolicy): void {
  const file = layout.policyVersion(policy.digest);
  if (lookAt(file) !== null && versionOf(layout, policy.file, policy.digest) !== null) return;
  // As readable as the policy file: it holds no keys, and operators' commands read it here.
  makeFolder(layout.policies, 0o755);
  writeDurable(file, content, 0o644);
}

/**
 * A kept version, whose paths start where the policy file is; null: not there, or not valid. Throws
 * Failure `host-failed` when it cannot be read: it may be the one to go by all the same.
 */
export function versionOf(layout: Layout, file: string, digest: string): PolicyInForce | null {
  const input = layout.policyVersion(digest);
  const read = loadPolicy(file, input);
  if (read.policy === null && read.unreadable !== undefined) {
    const message = 'this version of the policy cannot be read';
    throw new Failure('host-failed', { message, step: 'policy', input, cause: read.unreadable });
  }
  return read.policy?.digest === digest ? read.policy : null;
}

/** The journal names it; this is for a start that finds the journal damaged. */
export function rememberInForce(layout: Layout, digest: string): void {
  if (rememberedPolicy(layout) === digest) return;
  makeFolder(layout.policies, 0o755);
  writeDurable(layout.policyInForce, `${digest}\n`, 0o644);
}

/** The version that was in force last, if it is kept; null: nobody knows. */
export function rememberedPolicy(layout: Layout): string | null {
  const digest = readText(layout.policyInForce)?.trim() ?? '';
  const known = /^[0-9a-f]{64}$/.test(digest) && lookAt(layout.policyVersion(digest)) !== null;
  return known ? digest : null;
}

/**
 * The version that the journal names, or one that is remembered where it cannot; null: none.
 * `unread` hears of a journal that cannot be read.
 */
export function recordedPolicy(
  layout: Layout,
  unread: (why: Reason) => void = () => undefined,
): string | null {
  if (lookAt(layout.journal) === null) return rememberedPolicy(layout);
  try {
    const reader = openReader(layout.journal);
    try {
      return host(reader.glance()).policy;
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    unread(error.reason);
    return rememberedPolicy(layout);
  }
}

export interface PolicyGone {
  digest: string;
  /** What is wrong, and what puts it right. */
  what: string;
  remedy: string;
}

/** The policy file is gone, and a version is in force: its text is kept, to be put back. */
export function policyGone(layout: Layout, file: string): PolicyGone | null {
  if (lookAt(followed(file)) !== null) return null;
  const digest = recordedPolicy(layout);
  if (digest === null) return null;
  const version = layout.policyVersion(digest);
  const what = `the policy file ${file} is gone; version ${digest.slice(0, 12)} is in force`;
  const remedy = `cp ${version} ${file}`;
  return lookAt(version) === null ? null : { digest, what: `${what}, its text is kept`, remedy };
}

/** The policy in force, for who only looks: the version on record, else what the file holds. */
export function loadInForce(layout: Layout, file: string, onRecord: string | null): LoadedPolicy {
  const kept = onRecord === null ? null : loadPolicy(file, layout.policyVersion(onRecord));
  return kept?.policy?.digest === onRecord && kept?.policy ? kept : loadPolicy(file);
}
