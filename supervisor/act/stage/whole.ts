import { join } from 'node:path';
import { errorCode, kindOf } from '../../host/files/files.ts';
import { hashFile, sizeOf } from '../../host/files/tree.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure } from '../../model/reason.ts';
import type { FileEntry, Manifest, ReleaseId } from '../../model/release.ts';
import { readManifest } from './manifest.ts';

/** Bytes of a release up to which a flip reads every file: some 50 ms. Beyond: names and sizes. */
const readable = 32 * 1024 * 1024;

/**
 * A release that is not whole is never made current. Modes and files too many are left to
 * `airlock verify`: they are no reason to halt a host that has nowhere else to go.
 * @throws Failure `corrupt-release` with the first file that is missing or other than it was.
 */
export function mustBeWhole(layout: Layout, id: ReleaseId): void {
  const manifest = readManifest(layout, id);
  if (manifest === null) throw damaged(id, 'release.json', 'a manifest', 'none');
  const read = bytesOf(manifest) <= readable;
  for (const file of manifest.files) {
    const actual = differs(join(layout.release(id), file.path), file, read);
    if (actual !== null) throw damaged(id, file.path, `${file.size} bytes, ${file.sha256}`, actual);
  }
}

/** As `mustBeWhole`, as an answer. */
export function isWhole(layout: Layout, id: ReleaseId): boolean {
  try {
    mustBeWhole(layout, id);
    return true;
  } catch (error) {
    if (error instanceof Failure && error.reason.code === 'corrupt-release') return false;
    throw error;
  }
}

const bytesOf = ({ files }: Manifest) => files.reduce((sum, { size }) => sum + size, 0);

/** What is there instead; null when it is what it should be. */
function differs(path: string, { size, sha256 }: FileEntry, read: boolean): string | null {
  const kind = kindOf(path);
  if (kind !== 'file') return kind === 'absent' ? 'none' : `a ${kind}`;
  const bytes = sizeOf(path);
  if (bytes !== size) return `${bytes} bytes`;
  const actual = read ? hashOrFault(path) : sha256;
  return actual === sha256 ? null : actual;
}

/** A file that the disk cannot give back is as good as gone. */
function hashOrFault(path: string): string {
  try {
    return hashFile(path);
  } catch (error) {
    if (errorCode(error) === 'EIO') return 'EIO';
    throw error;
  }
}

function damaged(id: ReleaseId, path: string, expected: string, actual: string): Failure {
  return new Failure('corrupt-release', {
    message: `the release ${id} is not whole: ${path} is missing or was changed`,
    step: 'flip',
    input: id,
    expected,
    actual,
  });
}
