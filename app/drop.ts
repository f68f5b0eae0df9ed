import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { codeOf } from '../kernel/errors.ts';
import { candidates, slug } from '../kernel/ids.ts';

/** A change to the runtime, as an overlay. */
export interface Proposal {
  title: string;
  why: string;
  /** Id of the release that its author saw. */
  base: string;
  files: { path: string; content: string }[];
  /** Paths to remove. */
  removed: string[];
}

/**
 * Drops a proposal into the inbox: `<name>/proposal.yaml` and `<name>/files/...`. It is written
 * under a dot-name, which the supervisor leaves alone, and appears whole by one rename. Returns the
 * name.
 */
export async function dropProposal(inbox: string, proposal: Proposal): Promise<string> {
  const name = slug(proposal.title);
  const draft = join(inbox, `.${name}.${randomUUID()}`);
  try {
    await writeOverlay(draft, proposal);
    return await publish(draft, inbox, name);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function writeOverlay(draft: string, proposal: Proposal): Promise<void> {
  const { title, why, base, files, removed } = proposal;
  await mkdir(join(draft, 'files'), { recursive: true });
  for (const { path, content } of files) {
    const file = join(draft, 'files', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { flag: 'wx' });
  }
  const head = { title, why, base, ...(removed.length > 0 ? { delete: removed } : {}) };
  await writeFile(join(draft, 'proposal.yaml'), stringify(head));
}

async function publish(draft: string, inbox: string, name: string): Promise<string> {
  const taken = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR']);
  for (const each of candidates(name)) {
    try {
      await rename(draft, join(inbox, each));
      return each;
    } catch (error) {
      if (!taken.has(codeOf(error) ?? '')) throw error;
    }
  }
  throw new Error(`no name is free in the inbox for "${name}"`);
}
