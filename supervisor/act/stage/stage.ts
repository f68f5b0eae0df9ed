import { kindOf, listFolder, makeFolder, removeTree } from '../../host/files/files.ts';
import {
  buildTree,
  publishTree,
  retireTree,
  sealTop,
  type TreeFile,
} from '../../host/files/tree.ts';
import { instant, stamp } from '../../model/duration.ts';
import type { Layout } from '../../model/layout.ts';
import type { Change, Finding } from '../../model/proposal.ts';
import { type Reason, reason } from '../../model/reason.ts';
import type { Digest, FileEntry, Manifest, ReleaseId } from '../../model/release.ts';
import type { RuntimeConfig } from '../../model/runtime.ts';
import { diskFailure } from '../disk.ts';
import { outsideFaults, togetherFaults } from '../intake/paths.ts';
import { agentsIn, configFindings } from './config.ts';
import { editsOf } from './edits.ts';
import { commitRelease, contentOf } from './history.ts';
import { digestOf, type Edits, editFiles, readManifest } from './manifest.ts';
import { readSource, type SourceRequest } from './source.ts';
import { isWhole } from './whole.ts';

/** Where each thing that a release includes comes from and goes to (policy `runtime.include`). */
export type Includes = readonly { from: string; to: string }[];

export interface StageRequest {
  proposal: {
    id: string;
    form: 'patch' | 'overlay';
    paths: readonly string[];
    proposer: string;
  };
  /** Where seal left it: `var/intake/<id>/sealed`. */
  sealedFolder: string;
  /** What the proposal was made on. */
  base: ReleaseId;
  /** What is current now. */
  onto: ReleaseId;
  layout: Layout;
  includes: Includes;
  /** Milliseconds since 1970; the same for every attempt, so that the id is. */
  at: number;
}

export interface Staged {
  kind: 'staged';
  /** Of the new release, or of an older one that has the very same content. */
  manifest: Manifest;
  /** Against `onto`. */
  changes: Change[];
  /** The manifest or the lock file of the runtime changed: approved before anything is fetched. */
  depsChanged: boolean;
  /** `base` is of `onto`, what agents run on now; null for the first release. */
  agents: { base: RuntimeConfig | null; candidate: RuntimeConfig };
  configFaults: Finding[];
}

export type StageResult = Staged | { kind: 'refused'; reasons: Reason[] };

export type StageSourceRequest = Omit<SourceRequest, 'layout'> & { layout: Layout; at: number };

/**
 * Build the candidate: `onto` with the proposal's change, as a new immutable release. Unchanged
 * files are linked, the digest is computed from what changed alone. May be repeated: the same
 * request gives the same release.
 * @throws Failure `host-failed` when the disk is full or fails, `corrupt-release` for a bad base.
 */
export async function stage(request: StageRequest, signal?: AbortSignal): Promise<StageResult> {
  const { layout, proposal, onto, includes, at } = request;
  const before = readManifest(layout, onto);
  if (before === null) return refused(goneRelease(onto));
  return onDisk(layout, proposal.id, async () => {
    const result = await editsOf(request);
    if (result.kind === 'refused') return result;
    const { edits } = result;
    const { files, changes } = editFiles(before.files, edits);
    const roots = includes.map((one) => one.to);
    const faults = resultFaults(files, changes, roots);
    if (faults.length > 0) return { kind: 'refused', reasons: faults };
    if (changes.length === 0) return refused(noOp(onto));
    const origin = { parent: onto, proposal: proposal.id, proposer: proposal.proposer };
    const manifest = makeManifest(files, origin, at);
    const final = await makeRelease({ layout, manifest, before, edits, name: proposal.id, signal });
    return describe(layout, final, changes, onto);
  });
}

/** The first release of a host, from the policy's source folder. */
export async function stageSource(
  request: StageSourceRequest,
  signal?: AbortSignal,
): Promise<StageResult> {
  const { layout, at } = request;
  return onDisk(layout, 'first', async () => {
    const source = readSource(request);
    if (source.faults.length > 0) return { kind: 'refused', reasons: source.faults };
    const { files, changes } = editFiles([], source.edits);
    const origin = { parent: null, proposal: null, proposer: null };
    const manifest = makeManifest(files, origin, at);
    const { edits } = source;
    const final = await makeRelease({
      layout,
      manifest,
      before: null,
      edits,
      name: 'first',
      signal,
    });
    return describe(layout, final, changes, null);
  });
}

/** Remove a release's folder: out of sight by one rename first. Nothing there is fine. */
export function removeRelease(layout: Layout, id: ReleaseId): void {
  makeFolder(layout.staging);
  retireTree(layout.release(id), layout.staging);
}

/** A full or failing disk leaves nothing half done behind. */
async function onDisk(
  layout: Layout,
  name: string,
  work: () => Promise<StageResult>,
): Promise<StageResult> {
  makeFolder(layout.staging);
  makeFolder(layout.releases);
  try {
    return await work();
  } catch (error) {
    const failure = diskFailure(error, 'stage', layout.root);
    removeTree(`${layout.staging}/${name}`);
    throw failure;
  }
}

function resultFaults(files: FileEntry[], changes: Change[], roots: string[]): Reason[] {
  const touched = new Set(changes.map((change) => change.path));
  const outside = outsideFaults([...touched], roots, 'stage');
  const fresh = changes.some((change) => change.kind === 'added');
  const paths = files.map((file) => file.path);
  return [...outside, ...(fresh ? togetherFaults(paths, 'stage') : [])];
}

const lockFile = 'package-lock.json';

function makeManifest(
  files: FileEntry[],
  origin: Pick<Manifest, 'parent' | 'proposal' | 'proposer'>,
  at: number,
): Manifest {
  const digest = digestOf(files);
  const deps = files.find((file) => file.path === lockFile)?.sha256 ?? null;
  const id = `${stamp(at)}-${digest.slice(0, 10)}`;
  return { schema: 1, id, digest, ...origin, createdAt: instant(at), deps, files };
}

interface NewRelease {
  layout: Layout;
  manifest: Manifest;
  before: Manifest | null;
  edits: Edits;
  /** Of the folder under var/staging. */
  name: string;
  signal: AbortSignal | undefined;
}

/** Build and publish; what has the same content already is taken instead. */
async function makeRelease(fresh: NewRelease): Promise<Manifest> {
  const { layout, manifest, before, edits, name } = fresh;
  const existing = findDigest(layout, manifest.digest);
  if (existing !== null) {
    sealTop(layout.release(existing.id));
    await commitRelease(layout, existing, before);
    return existing;
  }
  const tree = `${layout.staging}/${name}`;
  const from = before === null ? null : layout.release(before.id);
  const hollow = manifest.deps === null ? [] : ['node_modules'];
  // Git works on another core meanwhile; one sync makes its files and ours durable.
  const recorded = commitRelease(layout, manifest, before, (path) => {
    return edits.get(path)?.content ?? contentOf(from ?? '', path);
  });
  const built = buildTree({ from, to: tree, files: treeFiles(fresh), hollow });
  // Both end before either's failure counts; ours says more than git's.
  for (const one of await Promise.allSettled([built, recorded])) {
    if (one.status === 'rejected') throw one.reason;
  }
  fresh.signal?.throwIfAborted();
  await publishTree(tree, layout.release(manifest.id));
  return manifest;
}

/** A release's files in the order they are made; `release.json` comes last. */
function* treeFiles({ manifest, edits }: NewRelease): Generator<TreeFile> {
  for (const { path, mode } of manifest.files) {
    yield { path, mode, content: edits.get(path)?.content ?? null };
  }
  const content = Buffer.from(`${JSON.stringify(manifest)}\n`);
  yield { path: 'release.json', mode: '100644', content };
}

/** The newest whole release with a digest, if there is one: ids end with its beginning. */
function findDigest(layout: Layout, digest: Digest): Manifest | null {
  const ids = listFolder(layout.releases).filter((id) => id.endsWith(`-${digest.slice(0, 10)}`));
  for (const id of ids.reverse()) {
    const whole = kindOf(layout.manifest(id)) === 'file' && isWhole(layout, id);
    const manifest = whole ? readManifest(layout, id) : null;
    if (manifest?.digest === digest) return manifest;
  }
  return null;
}

function describe(
  layout: Layout,
  manifest: Manifest,
  changes: Change[],
  onto: ReleaseId | null,
): Staged {
  const release = layout.release(manifest.id);
  // First what agents run on now: it is the older one where too much is kept.
  const base = onto === null ? null : agentsIn(layout, onto);
  const candidate = agentsIn(layout, manifest.id);
  const paths = manifest.files.map((file) => file.path);
  const depsChanged = changes.some(({ path }) => path === 'package.json' || path === lockFile);
  const configFaults = configFindings(release, paths, candidate.faults);
  return {
    kind: 'staged',
    manifest,
    changes,
    depsChanged,
    agents: { base, candidate },
    configFaults,
  };
}

function refused(one: Reason): StageResult {
  return { kind: 'refused', reasons: [one] };
}

function noOp(onto: ReleaseId): Reason {
  const message = 'The release would be the same as the one it is laid on';
  return reason('no-op', { message, step: 'stage', input: onto });
}

function goneRelease(id: ReleaseId): Reason {
  return reason('unknown-base', { message: 'There is no such release', step: 'stage', input: id });
}
