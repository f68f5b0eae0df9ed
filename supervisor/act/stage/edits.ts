import { kindOf, readBytes, readText } from '../../host/files/files.ts';
import { findAll } from '../../host/files/tree.ts';
import type { Layout } from '../../model/layout.ts';
import { type Reason, type ReasonCode, reason } from '../../model/reason.ts';
import type { Manifest, ReleaseId } from '../../model/release.ts';
import { readPatch } from '../intake/patch.ts';
import { commitEdits, ensureCommit } from './history.ts';
import { type Edit, type Edits, readManifest } from './manifest.ts';
import { type Applied, applyPatch, editsBetween, mergeOnto } from './merge.ts';

export interface EditsRequest {
  layout: Layout;
  proposal: { id: string; form: 'patch' | 'overlay'; paths: readonly string[] };
  sealedFolder: string;
  /** What the proposal was made on. */
  base: ReleaseId;
  /** What is current now. */
  onto: ReleaseId;
}

export type EditsResult = { kind: 'edits'; edits: Edits } | { kind: 'refused'; reasons: Reason[] };

/**
 * What a sealed proposal makes of the release it is to be laid on. An overlay on an unmoved base
 * needs no git at all; everything else goes through the history.
 */
export async function editsOf(request: EditsRequest): Promise<EditsResult> {
  const { layout, proposal, base, onto } = request;
  const result =
    proposal.form === 'overlay' ? await overlayEdits(request) : await patchEdits(request);
  if (result.kind === 'refused') return result;
  const judged = new Set(proposal.paths);
  const foreign = [...result.edits.keys()].filter((path) => !judged.has(path));
  // Intake judged the paths that it read; git must not have read others.
  if (foreign.length > 0) return refusal('malformed', 'git reads other paths in it', foreign);
  if (result.kind === 'edits') return result; // its base is current still
  const [from, to] = [await ensureCommit(layout, base), await ensureCommit(layout, onto)];
  if (from === null || to === null) return unknownBase(from === null ? base : onto);
  const merged = await mergeOnto(layout, from, result.tree, to);
  if (merged.kind === 'conflict') {
    return refusal('stale-base', 'It conflicts with what changed since its base', merged.paths);
  }
  return { kind: 'edits', edits: await editsBetween(layout, to, merged.tree) };
}

type OnBase = EditsResult | { kind: 'tree'; tree: string; edits: Edits };

async function overlayEdits(request: EditsRequest): Promise<OnBase> {
  const { layout, proposal, sealedFolder, base, onto } = request;
  const edits = readOverlayEdits(sealedFolder);
  const manifest = readManifest(layout, base);
  const missing = manifest === null ? [] : missingDeletions(manifest, edits);
  if (missing.length > 0) {
    return refusal('does-not-apply', 'It deletes what its base does not have', missing);
  }
  if (base === onto) return { kind: 'edits', edits };
  const from = await ensureCommit(layout, base);
  if (from === null) return unknownBase(base);
  const tree = `${await commitEdits(layout, proposal.id, from, edits)}^{tree}`;
  return { kind: 'tree', tree, edits };
}

/** The overlay that seal wrote. */
function readOverlayEdits(folder: string): Edits {
  const edits = new Map<string, Edit>();
  const deleted = JSON.parse(readText(`${folder}/delete.json`) ?? '[]') as string[];
  for (const path of deleted) edits.set(path, null);
  if (kindOf(`${folder}/files`) === 'absent') return edits;
  for (const found of findAll(`${folder}/files`)) {
    if (found.kind !== 'file') continue;
    const mode = (found.mode & 0o100) === 0 ? '100644' : '100755';
    const content = readBytes(`${folder}/files/${found.path}`) ?? Buffer.alloc(0);
    edits.set(found.path, { mode, content });
  }
  return edits;
}

function missingDeletions(manifest: Manifest, edits: Edits): string[] {
  const there = new Set(manifest.files.map((file) => file.path));
  return [...edits]
    .filter(([path, edit]) => edit === null && !there.has(path))
    .map(([path]) => path);
}

async function patchEdits(request: EditsRequest): Promise<OnBase> {
  const { layout, proposal, sealedFolder, base, onto } = request;
  const patch = readPatch(readBytes(`${sealedFolder}/change.patch`) ?? Buffer.alloc(0));
  const from = await ensureCommit(layout, base);
  if (from === null) return unknownBase(base);
  const index = `${layout.staging}/${proposal.id}.index`;
  const applied: Applied = await applyPatch(layout, from, patch.commits, index);
  if (applied.kind === 'failed') {
    return refusal('does-not-apply', 'It does not apply to its base', applied.paths);
  }
  const edits = await editsBetween(layout, from, applied.tree);
  if (base === onto) return { kind: 'edits', edits };
  return { kind: 'tree', tree: applied.tree, edits };
}

function unknownBase(base: ReleaseId): { kind: 'refused'; reasons: Reason[] } {
  return refusal('unknown-base', 'Its base is gone, and there is no record of it', [base]);
}

/** One reason a file, at most this many. */
const mostNamed = 50;

function refusal(
  code: ReasonCode,
  message: string,
  paths: readonly string[],
): { kind: 'refused'; reasons: Reason[] } {
  const named = paths.slice(0, mostNamed);
  const list = named.join(', ');
  const reasons = named.map((input) =>
    reason(code, { message, step: 'stage', input, actual: list }),
  );
  return { kind: 'refused', reasons };
}
