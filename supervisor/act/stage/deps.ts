import { kindOf, makeFolder, readBytes, removeTree } from '../../host/files/files.ts';
import { makeReadOnly, publishTree, writeFile } from '../../host/files/tree.ts';
import { type NpmAnswer, runNpm } from '../../host/process/npm.ts';
import type { Programs } from '../../host/process/programs.ts';
import type { Layout } from '../../model/layout.ts';
import { type Reason, reason } from '../../model/reason.ts';
import type { Digest, ReleaseId } from '../../model/release.ts';
import { lockFaults } from './lock-file.ts';
import { hashOf } from './manifest.ts';

export interface DepsRequest {
  layout: Layout;
  release: ReleaseId;
  /** sha256 of its lock file: `deps` of its manifest. */
  digest: Digest;
  limits: { deps: number };
  programs: Pick<Programs, 'node' | 'npm'>;
}

export type DepsResult = { kind: 'installed' | 'present' } | { kind: 'refused'; reasons: Reason[] };

const registry = 'registry.npmjs.org';

/**
 * Install the dependencies of a release into `deps/<digest>/`, once per lock file: what is there
 * is complete, because it came by one rename. No script of any package runs. What is in npm's
 * cache is not fetched again.
 */
export async function installDeps(request: DepsRequest, signal?: AbortSignal): Promise<DepsResult> {
  const { layout, digest } = request;
  const place = `${layout.deps}/${digest}`;
  if (kindOf(place) === 'folder') return { kind: 'present' };
  const release = layout.release(request.release);
  const manifest = readBytes(`${release}/package.json`) ?? Buffer.from('');
  const lock = readBytes(`${release}/package-lock.json`) ?? Buffer.from('');
  const faults = await forbidden(request, manifest, lock);
  if (faults.length > 0) return { kind: 'refused', reasons: faults };
  const folder = `${layout.staging}/deps-${digest}`;
  removeTree(folder);
  makeFolder(folder, 0o700);
  makeFolder(layout.deps);
  try {
    writeFile(`${folder}/package.json`, manifest, 0o600);
    writeFile(`${folder}/package-lock.json`, lock, 0o600);
    const failed = await install(request, folder, signal);
    if (failed !== null) return { kind: 'refused', reasons: [failed] };
    makeFolder(`${folder}/node_modules`); // npm makes none where nothing is needed
    makeReadOnly(`${folder}/node_modules`);
    await publishTree(`${folder}/node_modules`, place);
    return { kind: 'installed' };
  } finally {
    removeTree(folder);
  }
}

async function forbidden(request: DepsRequest, manifest: Buffer, lock: Buffer): Promise<Reason[]> {
  if (hashOf(lock) !== request.digest) {
    const message = 'The lock file is not the one that was judged';
    const parts = { message, step: 'deps', expected: request.digest, actual: hashOf(lock) };
    return [reason('corrupt-release', parts)];
  }
  const judge = (hosts: string[]) => lockFaults(`${manifest}`, `${lock}`, new Set(hosts));
  const faults = judge([registry]);
  if (faults.length === 0 || request.programs.npm === null) return faults;
  // Hosts with a mirror write its name into their lock files.
  const own = await ownRegistry(request, request.programs.npm);
  return own === null ? faults : judge([registry, own]);
}

async function ownRegistry(request: DepsRequest, npm: string): Promise<string | null> {
  const args = ['config', 'get', 'registry'];
  const { layout, programs } = request;
  const { node } = programs;
  const answer = await runNpm({ npm, node, folder: layout.root, args, timeout: 10_000 });
  const text = answer.stdout.trim();
  return URL.canParse(text) ? new URL(text).host : null;
}

const common = ['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund'];
/** npm's own pauses between attempts are tens of seconds. */
const patience = ['--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=5000'];

async function install(
  request: DepsRequest,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Reason | null> {
  const { programs, limits } = request;
  const { npm, node } = programs;
  if (npm === null) {
    return reason('missing-npm', {
      message: 'Dependencies need npm, which is not here',
      step: 'deps',
    });
  }
  const call = { npm, node, folder, timeout: limits.deps, signal };
  const offline = await runNpm({ ...call, args: [...common, '--offline'] });
  if (offline.exit === 0) return null;
  signal?.throwIfAborted();
  const online = await runNpm({ ...call, args: [...common, ...patience, '--prefer-offline'] });
  return online.exit === 0 ? null : failure(online, limits.deps);
}

function failure(answer: NpmAnswer, limit: number): Reason {
  return reason('deps-failed', {
    message: answer.timedOut ? 'npm took too long' : 'npm could not install the dependencies',
    step: 'deps',
    input: common.join(' '),
    expected: answer.timedOut ? `at most ${limit} ms` : 'exit 0',
    actual: answer.timedOut ? 'stopped' : `exit ${answer.exit}`,
    cause: answer.stderr,
  });
}
