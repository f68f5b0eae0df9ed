import { fsErrorText, kindOf } from '../../host/files/files.ts';
import { type Found, findAll, hashFile, modeOf } from '../../host/files/tree.ts';
import type { Layout } from '../../model/layout.ts';
import { type Reason, reason, reasonOf } from '../../model/reason.ts';
import { type FileEntry, manifestSchema, type ReleaseId } from '../../model/release.ts';
import { digestOf, readManifest } from './manifest.ts';

/** Read a whole release again and compare it with its manifest: everything that differs. */
export function verifyRelease(layout: Layout, id: ReleaseId): Reason[] {
  const folder = layout.release(id);
  if (kindOf(folder) !== 'folder') return [fault('There is no such release', id, 'a folder')];
  const faults: Reason[] = [];
  const files = manifestFiles(layout, id, faults);
  if (files === null) return faults;
  const missing = new Map(files.map((file) => [file.path, file]));
  for (const found of findAll(folder)) {
    const expected = missing.get(found.path);
    missing.delete(found.path);
    faults.push(...compare(folder, found, expected));
  }
  for (const path of missing.keys())
    faults.push(fault('A file is missing', path, 'a file', 'none'));
  if ((modeOf(folder) & 0o222) !== 0) faults.push(fault('Its folder can be written', id, '555'));
  return faults;
}

function manifestFiles(layout: Layout, id: ReleaseId, faults: Reason[]): FileEntry[] | null {
  try {
    const manifest = readManifest(layout, id);
    if (manifest === null) {
      faults.push(fault('The manifest is missing', 'release.json', 'a file', 'none'));
      return null;
    }
    const parsed = manifestSchema.safeParse(manifest);
    for (const issue of parsed.success ? [] : parsed.error.issues.slice(0, 20)) {
      faults.push(fault(`The manifest: ${issue.path.join('.')}: ${issue.message}`, 'release.json'));
    }
    if (!id.endsWith(`-${digestOf(manifest.files).slice(0, 10)}`)) {
      faults.push(fault('The digest does not fit the id', id, id, digestOf(manifest.files)));
    }
    return parsed.success ? manifest.files : null;
  } catch (error) {
    faults.push(reasonOf(error, 'verify'));
    return null;
  }
}

/** What may be there without standing in the manifest. */
const besides = new Set(['release.json', 'node_modules']);

function compare(folder: string, found: Found, expected: FileEntry | undefined): Reason[] {
  const { path, kind, mode } = found;
  const faults: Reason[] = [];
  if (kind === 'other') return [fault('Neither a file nor a folder', path, 'a file or folder')];
  if ((mode & 0o222) !== 0)
    faults.push(fault('It can be written', path, '0444, 0555', octal(mode)));
  if (kind === 'folder' || besides.has(path)) return faults;
  if (expected === undefined) return [...faults, fault('A file too many', path, 'none', 'a file')];
  const executable = expected.mode === '100755';
  if (((mode & 0o111) !== 0) !== executable) {
    faults.push(fault('Another mode', path, expected.mode, octal(mode)));
  }
  const sha256 = attempt(() => hashFile(`${folder}/${path}`));
  if (sha256 !== expected.sha256) {
    faults.push(fault('Other content', path, expected.sha256, sha256));
  }
  return faults;
}

/** The hash, or why there is none: a file that cannot be read is a finding too. */
function attempt(hash: () => string): string {
  try {
    return hash();
  } catch (error) {
    return fsErrorText(error);
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function fault(
  message: string,
  input: string,
  expected: string | null = null,
  actual: string | null = null,
): Reason {
  return reason('corrupt-release', { message, step: 'verify', input, expected, actual });
}
