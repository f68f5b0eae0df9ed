import { join } from 'node:path';
import { z } from 'zod';
import { kindOf, listFolder, readText } from '../host/files/files.ts';
import { findAll, hashFile } from '../host/files/tree.ts';
import { jsonOrNull } from '../model/json.ts';
import { Failure } from '../model/reason.ts';
import type { Package } from './plan.ts';

/** `MANIFEST.json` of a package: every file of it but itself. */
export const manifestSchema = z.strictObject({
  schema: z.literal(1),
  version: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/),
  /** Platform it was made for, as Node names it: `linux-x64`. */
  platform: z.string(),
  files: z.record(
    // Below the package, wherever it is.
    z.string().regex(/^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$)).+$/),
    z.strictObject({ mode: z.union([z.literal(0o644), z.literal(0o755)]), sha256: z.string() }),
  ),
});
export type PackageManifest = z.infer<typeof manifestSchema>;

export const manifestName = 'MANIFEST.json';

/** Where parts of share/ go on a host, below its own share folder. */
export const shared = {
  'man/man1/airlock.1': 'man/airlock.1',
  'bash-completion/completions/airlock': 'completions/airlock.bash',
  'zsh/vendor-completions/_airlock': 'completions/airlock.zsh',
  'fish/vendor_completions.d/airlock.fish': 'completions/airlock.fish',
} as const;

/**
 * An unpacked package, every file of it compared with its manifest.
 * Throws Failure `not-found` where there is none, `package-damaged` naming the first fault.
 */
export function readPackage(folder: string, platform = thisPlatform): Package {
  const { version, files } = manifestOf(folder, platform);
  const found = new Set<string>();
  for (const { path, kind, mode } of findAll(folder)) {
    if (kind === 'folder' || path === manifestName) continue;
    const wanted = files[path];
    if (wanted === undefined) throw damaged(folder, path, 'no such file', kind);
    if (kind !== 'file') throw damaged(folder, path, 'a file', kind);
    const sha256 = hashFile(join(folder, path));
    if (sha256 !== wanted.sha256) throw damaged(folder, path, wanted.sha256, sha256);
    if ((mode & 0o111) !== (wanted.mode & 0o111)) {
      throw damaged(folder, path, `mode ${wanted.mode.toString(8)}`, `mode ${mode.toString(8)}`);
    }
    found.add(path);
  }
  const missing = Object.keys(files).find((path) => !found.has(path));
  if (missing !== undefined) throw damaged(folder, missing, 'a file', 'none');
  const packed = Object.keys(files).filter((path) =>
    /^share\/deps\/[0-9a-f]{64}\.tar\.gz$/.test(path),
  );
  const deps = packed.map((path) => [path.slice(-71, -7), join(folder, path)] as const);
  return { folder, version, deps: Object.fromEntries(deps), shared: { ...shared } };
}

/** Every file of a package with its mode, as its manifest says; the manifest itself last. */
export function filesOf(folder: string): { path: string; mode: number }[] {
  const files = Object.entries(manifestOf(folder, thisPlatform).files);
  const all = files.map(([path, { mode }]) => ({ path, mode }));
  return [...all, { path: manifestName, mode: 0o644 }];
}

const thisPlatform = `${process.platform}-${process.arch}`;

function manifestOf(folder: string, platform: string): PackageManifest {
  const text = readText(join(folder, manifestName));
  if (text === null) {
    const message = `${folder} is no package of Airlock`;
    const hint = 'In a checkout: `npm run package`, unpack what it made, and run its bin/airlock.';
    throw new Failure('not-found', { message, step: 'install', input: folder, hint });
  }
  const said = manifestSchema.safeParse(jsonOrNull(text));
  if (!said.success) throw damaged(folder, manifestName, 'a manifest', 'something else');
  if (said.data.platform !== platform) {
    throw damaged(folder, manifestName, platform, said.data.platform);
  }
  return said.data;
}

/** Versions of the program that are installed; a link to one is none. */
export function versionsIn(base: string): string[] {
  return listFolder(base).filter((name) => {
    if (name.startsWith('.') || kindOf(join(base, name)) !== 'folder') return false;
    return kindOf(join(base, name, manifestName)) === 'file';
  });
}

function damaged(folder: string, path: string, expected: string, actual: string): Failure {
  const message = `the package is damaged: ${path}`;
  const parts = { message, step: 'install', input: join(folder, path), expected, actual };
  return new Failure('package-damaged', parts);
}
