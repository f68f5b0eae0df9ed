import {
  kindOf,
  makeFolder,
  moveFile,
  readBytes,
  readText,
  removeTree,
} from '../../host/files/files.ts';
import { type GitCall, git, gitOrFail } from '../../host/process/git.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure } from '../../model/reason.ts';
import type { FileEntry, Manifest, ReleaseId } from '../../model/release.ts';
import { type Edits, readManifest } from './manifest.ts';

/*
 * The history: a bare repository in which every release is a commit, `refs/releases/<id>`. It is
 * derived: what is missing is made again from the releases.
 */

const who = 'Airlock <airlock@localhost>';

/** Run git on the history. */
export function inHistory(layout: Layout, args: string[], more: Partial<GitCall> = {}) {
  return gitOrFail({ repository: layout.history, args, ...more });
}

/** Make the repository if it is not there: whole, by one rename. */
export async function openHistory(layout: Layout): Promise<void> {
  if (kindOf(layout.history) === 'folder') return;
  const repository = `${layout.staging}/history`;
  removeTree(repository);
  makeFolder(repository, 0o700);
  makeFolder(layout.state);
  await gitOrFail({ repository, args: ['init', '--bare', '--quiet', '--template=', '.'] });
  moveFile(repository, layout.history);
}

/** The commit of a release, 40 hex digits; null when the history has none. */
export function commitOf(layout: Layout, id: ReleaseId): string | null {
  return readText(`${layout.history}/refs/releases/${id}`)?.trim() || null;
}

/**
 * Record a release; only what differs from its parent is read. Done already is fine.
 * @param content of a file, if the release is not published yet: its publication syncs both.
 * @returns its commit
 */
export async function commitRelease(
  layout: Layout,
  manifest: Manifest,
  parent: Manifest | null,
  content: ((path: string) => Buffer) | null = null,
): Promise<string> {
  const done = commitOf(layout, manifest.id);
  if (done !== null) return done;
  await openHistory(layout);
  const from = parent === null ? null : commitOf(layout, parent.id);
  const before = from === null ? [] : (parent as Manifest).files;
  const published = (path: string) => contentOf(layout.release(manifest.id), path);
  const parts = [
    heading(`refs/releases/${manifest.id}`, Date.parse(manifest.createdAt), manifest.id, from),
    ...differences(before, manifest.files, content ?? published),
  ];
  const input = Buffer.concat(parts);
  const unsynced = content !== null;
  return (
    (await record(layout, manifest.id, input, unsynced)) ??
    (await retried(layout, manifest.id, input))
  );
}

async function record(layout: Layout, id: ReleaseId, input: Buffer, unsynced: boolean) {
  await git({ repository: layout.history, args: ['fast-import'], input, unsynced });
  return commitOf(layout, id);
}

/** A git that was killed leaves the lock of its ref behind: nobody else writes that one. */
async function retried(layout: Layout, id: ReleaseId, input: Buffer): Promise<string> {
  removeTree(`${layout.history}/refs/releases/${id}.lock`);
  await inHistory(layout, ['fast-import'], { input });
  const commit = commitOf(layout, id);
  if (commit !== null) return commit;
  throw unrecorded(id);
}

/**
 * The commit of a release, made from its folder when the history has lost it.
 * @returns null when there is neither.
 */
export async function ensureCommit(layout: Layout, id: ReleaseId): Promise<string | null> {
  const commit = commitOf(layout, id);
  if (commit !== null) return commit;
  const manifest = readManifest(layout, id);
  if (manifest === null) return null;
  const parent = manifest.parent === null ? null : readManifest(layout, manifest.parent);
  return commitRelease(layout, manifest, parent);
}

/** Record edits on top of a release under a name of their own; the commit. */
export async function commitEdits(
  layout: Layout,
  name: string,
  base: string,
  edits: Edits,
): Promise<string> {
  const ref = `refs/candidates/${name}`;
  const parts = [heading(ref, 0, name, base)];
  for (const [path, edit] of edits) {
    parts.push(edit === null ? removal(path) : addition(path, edit.mode, edit.content));
  }
  await inHistory(layout, ['fast-import', '--force'], { input: Buffer.concat(parts) });
  const file = `${layout.history}/${ref}`;
  const commit = readText(file)?.trim();
  removeTree(file); // nothing needs to find it later
  if (commit) return commit;
  throw unrecorded(name);
}

/** What changed between two releases, as a diff for people. */
export async function diffReleases(layout: Layout, a: ReleaseId, b: ReleaseId): Promise<string> {
  const commits: string[] = [];
  for (const id of [a, b]) {
    const commit = await ensureCommit(layout, id);
    if (commit !== null) commits.push(commit);
    else {
      const message = 'There is no such release, and no record of one';
      throw new Failure('not-found', { message, step: 'diff', input: id });
    }
  }
  const options = ['--no-ext-diff', '--no-textconv', '--no-color', '--find-renames'];
  return (await inHistory(layout, ['diff', ...options, ...commits])).toString('utf8');
}

function unrecorded(input: string): Failure {
  return new Failure('host-failed', { message: 'git recorded nothing', step: 'history', input });
}

function heading(ref: string, at: number, message: string, from: string | null): Buffer {
  const text = Buffer.byteLength(message);
  const start = `commit ${ref}\ncommitter ${who} ${Math.floor(at / 1000)} +0000\ndata ${text}\n`;
  return Buffer.from(`${start}${message}\n${from === null ? '' : `from ${from}\n`}`);
}

/** Both sorted as manifests are. */
function differences(
  before: readonly FileEntry[],
  after: readonly FileEntry[],
  content: (path: string) => Buffer,
): Buffer[] {
  const old = new Map(before.map((file) => [file.path, file]));
  const parts: Buffer[] = [];
  const changed: Buffer[] = [];
  for (const { path, mode, sha256 } of after) {
    const was = old.get(path);
    old.delete(path);
    if (was?.sha256 === sha256 && was.mode === mode) continue;
    changed.push(addition(path, mode, content(path)));
  }
  // Removals first: a file may make room for a folder of the same name.
  for (const path of old.keys()) parts.push(removal(path));
  return [...parts, ...changed];
}

function addition(path: string, mode: string, content: Buffer): Buffer {
  const head = `M ${mode} inline ${quoted(path)}\ndata ${content.length}\n`;
  return Buffer.concat([Buffer.from(head), content, Buffer.from('\n')]);
}

function removal(path: string): Buffer {
  return Buffer.from(`D ${quoted(path)}\n`);
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** @throws Failure `corrupt-release` when it is gone. */
export function contentOf(folder: string, path: string): Buffer {
  const content = readBytes(`${folder}/${path}`);
  if (content !== null) return content;
  throw new Failure('corrupt-release', {
    message: 'A file of a release is gone',
    step: 'history',
    input: `${folder}/${path}`,
  });
}
