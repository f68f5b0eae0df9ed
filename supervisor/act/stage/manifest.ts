import { createHash } from 'node:crypto';
import { readText } from '../../host/files/files.ts';
import type { Layout } from '../../model/layout.ts';
import type { Change } from '../../model/proposal.ts';
import { Failure } from '../../model/reason.ts';
import type { Digest, FileEntry, Manifest, ReleaseId } from '../../model/release.ts';

/** Bytes of two paths compared: what sorts a manifest. UTF-16 order differs beyond U+FFFF. */
export function comparePaths(a: string, b: string): number {
  if (/[\ud800-\udfff]/.test(a) || /[\ud800-\udfff]/.test(b)) {
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The digest of a release's content (contract, section 1); `files` as a manifest sorts them. */
export function digestOf(files: readonly FileEntry[]): Digest {
  const hash = createHash('sha256');
  let lines = '';
  for (const { path, mode, sha256 } of files) {
    lines += `${path}\0${mode}\0${sha256}\n`;
    if (lines.length < 65_536) continue;
    hash.update(lines);
    lines = '';
  }
  return hash.update(lines).digest('hex');
}

export function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * The manifest of a release; null when there is no such release.
 * @throws Failure `corrupt-release` when it does not say what its own digest says.
 */
export function readManifest(layout: Layout, id: ReleaseId): Manifest | null {
  const text = readText(layout.manifest(id));
  if (text === null) return null;
  const manifest = parseManifest(text);
  if (manifest !== null && manifest.id === id && digestOf(manifest.files) === manifest.digest) {
    return manifest;
  }
  throw new Failure('corrupt-release', {
    message: 'The manifest of a release is damaged',
    step: 'read manifest',
    input: layout.manifest(id),
    expected: manifest?.digest ?? 'a manifest',
    actual: manifest === null ? 'something else' : digestOf(manifest.files),
  });
}

function parseManifest(text: string): Manifest | null {
  try {
    const value = JSON.parse(text) as Manifest;
    return value?.schema === 1 && Array.isArray(value.files) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** What is to be at a path: content, or nothing. */
export type Edit = { mode: FileEntry['mode']; content: Buffer } | null;
export type Edits = ReadonlyMap<string, Edit>;

export interface Edited {
  /** Sorted as a manifest is. */
  files: FileEntry[];
  changes: Change[];
}

/** A manifest's files with edits applied; edits that change nothing leave no change behind. */
export function editFiles(before: readonly FileEntry[], edits: Edits): Edited {
  const files: FileEntry[] = [];
  const changes: Change[] = [];
  const left = new Map(edits);
  for (const old of before) {
    const edit = left.get(old.path);
    left.delete(old.path);
    if (edit === undefined) files.push(old);
    else if (edit === null) changes.push({ path: old.path, kind: 'removed' });
    else {
      const fresh = entryOf(old.path, edit);
      const same = fresh.sha256 === old.sha256 && fresh.mode === old.mode;
      files.push(same ? old : fresh);
      if (!same) changes.push({ path: old.path, kind: 'changed' });
    }
  }
  let added = 0;
  for (const [path, edit] of left) {
    if (edit === null) continue;
    added += 1;
    files.push(entryOf(path, edit));
    changes.push({ path, kind: 'added' });
  }
  if (added > 0) files.sort((a, b) => comparePaths(a.path, b.path));
  changes.sort((a, b) => comparePaths(a.path, b.path));
  return { files, changes };
}

function entryOf(path: string, { mode, content }: NonNullable<Edit>): FileEntry {
  return { path, mode, size: content.length, sha256: hashOf(content) };
}
