import { copyFile, removeTree } from '../../host/files/files.ts';
import { git } from '../../host/process/git.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure } from '../../model/reason.ts';
import type { FileEntry } from '../../model/release.ts';
import type { FileDiff } from '../intake/patch.ts';
import { inHistory } from './history.ts';
import type { Edit, Edits } from './manifest.ts';

/*
 * What git is asked: apply a patch to a release, and bring a candidate over from the release it was
 * made on to the one that is current now. All of it on trees in the history; no work tree.
 */

export type Applied = { kind: 'tree'; tree: string } | { kind: 'failed'; paths: string[] };

/**
 * Apply the commits of a patch to a commit of the history, three-way where it names blobs that the
 * history knows. `index`: a scratch file's path.
 */
export async function applyPatch(
  layout: Layout,
  commit: string,
  commits: readonly FileDiff[][],
  index: string,
): Promise<Applied> {
  const clear = () => {
    for (const end of ['', '.before', '.lock']) removeTree(`${index}${end}`);
  };
  clear(); // of an attempt that was cut off
  try {
    await inHistory(layout, ['read-tree', commit], { index });
    for (const diffs of commits) {
      copyFile(index, `${index}.before`);
      const text = Buffer.concat(diffs.map((diff) => diff.text));
      if (await applies(layout, index, text)) continue;
      return { kind: 'failed', paths: await failing(layout, index, diffs) };
    }
    const tree = (await inHistory(layout, ['write-tree'], { index })).toString().trim();
    return { kind: 'tree', tree };
  } finally {
    clear();
  }
}

async function applies(layout: Layout, index: string, input: Buffer): Promise<boolean> {
  const args = ['apply', '--cached', '--3way', '--verbose', '-'];
  return (await git({ repository: layout.history, args, index, input })).exit === 0;
}

/** More than this many are not tried one by one. */
const mostTried = 64;

/** Which files of a commit do not apply: each by itself on the index as it was before. */
async function failing(
  layout: Layout,
  index: string,
  diffs: readonly FileDiff[],
): Promise<string[]> {
  const paths = new Set<string>();
  for (const diff of diffs.slice(0, mostTried)) {
    copyFile(`${index}.before`, index);
    if (await applies(layout, index, diff.text)) continue;
    for (const path of diff.paths) paths.add(path);
  }
  const all = () => diffs.flatMap((diff) => diff.paths);
  return [...(paths.size > 0 ? paths : all())].sort();
}

export type Merged = { kind: 'tree'; tree: string } | { kind: 'conflict'; paths: string[] };

/**
 * Bring what `tree` changes against `base` over to `onto`, file by file, three-way. Both sides get
 * commits with `base` as their only parent: after a rollback the real history would find another.
 */
export async function mergeOnto(
  layout: Layout,
  base: string,
  tree: string,
  onto: string,
): Promise<Merged> {
  const ours = await child(layout, `${onto}^{tree}`, base);
  const theirs = await child(layout, tree, base);
  const options = ['--write-tree', '--name-only', '--no-messages', '-z'];
  const args = ['merge-tree', ...options, ours, theirs];
  const answer = await git({ repository: layout.history, args });
  const [merged, ...conflicts] = answer.stdout.toString('utf8').split('\0').filter(Boolean);
  if (answer.exit === 0 && merged !== undefined) return { kind: 'tree', tree: merged };
  if (answer.exit === 1) return { kind: 'conflict', paths: [...new Set(conflicts)].sort() };
  return { kind: 'tree', tree: (await inHistory(layout, args)).toString() }; // says why it failed
}

async function child(layout: Layout, tree: string, parent: string): Promise<string> {
  const args = ['commit-tree', tree, '-p', parent, '-m', 'merge'];
  return (await inHistory(layout, args)).toString().trim();
}

/** What differs between a commit and a tree, with the content. */
export async function editsBetween(layout: Layout, commit: string, tree: string): Promise<Edits> {
  const options = ['-r', '-z', '--raw', '--no-renames', '--no-abbrev'];
  const raw = await inHistory(layout, ['diff-tree', ...options, commit, tree]);
  const fields = raw.toString('utf8').split('\0');
  const wanted: { path: string; mode: string; object: string }[] = [];
  const edits = new Map<string, Edit>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode, , object] = (fields[at] as string).split(' ') as [
      string,
      string,
      string,
      string,
    ];
    const path = fields[at + 1] as string;
    if (mode === '000000') edits.set(path, null);
    else wanted.push({ path, mode, object });
  }
  const contents = await blobs(
    layout,
    wanted.map((one) => one.object),
  );
  wanted.forEach(({ path, mode }, index) => {
    edits.set(path, { mode: mode as FileEntry['mode'], content: contents[index] as Buffer });
  });
  return edits;
}

async function blobs(layout: Layout, objects: readonly string[]): Promise<Buffer[]> {
  if (objects.length === 0) return [];
  const input = Buffer.from(`${objects.join('\n')}\n`);
  const output = await inHistory(layout, ['cat-file', '--batch'], { input });
  const contents: Buffer[] = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf('\n', at);
    const size = Number(output.toString('latin1', at, end).split(' ')[2]);
    contents.push(output.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  if (contents.length === objects.length) return contents;
  const message = 'git gave fewer files than it was asked for';
  throw new Failure('host-failed', {
    message,
    step: 'history',
    expected: `${objects.length}`,
    actual: `${contents.length}`,
  });
}
