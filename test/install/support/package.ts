import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { pack } from '../../../supervisor/host/process/tar.ts';

/** A folder of this test's own, empty. */
export function emptyFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'airlock-install-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export const lock = 'a'.repeat(64);

/** A package with a program that says little, and real dependencies of nothing. */
export async function tinyPackage(version = '0.0.1'): Promise<string> {
  const folder = emptyFolder();
  const files: Record<string, string> = {
    'bin/airlock': '#!/bin/sh\necho tiny\n',
    'dist/cli/airlock.js': '// the command\n',
    'share/man/airlock.1': '.TH AIRLOCK 1\n',
    'share/completions/airlock.bash': '# bash\n',
    'share/completions/airlock.zsh': '# zsh\n',
    'share/completions/airlock.fish': '# fish\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  chmodSync(join(folder, 'bin/airlock'), 0o755);
  const deps = emptyFolder();
  mkdirSync(join(deps, 'one'));
  writeFileSync(join(deps, 'one/index.js'), 'export {};\n');
  mkdirSync(join(folder, 'share/deps'));
  await pack(join(folder, `share/deps/${lock}.tar.gz`), [{ folder: deps, names: ['one'] }]);
  declare(folder, version);
  return folder;
}

/** Write the manifest of what is there now. */
export function declare(folder: string, version: string): void {
  const paths = [...contents(folder)].filter(([, said]) => said.startsWith('file'));
  const files = paths.map(([path]) => {
    const mode = (lstatSync(join(folder, path)).mode & 0o111) === 0 ? 0o644 : 0o755;
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, path)))
      .digest('hex');
    return [path, { mode, sha256 }] as const;
  });
  const platform = `${process.platform}-${process.arch}`;
  const about = { schema: 1, version, platform, files: Object.fromEntries(files) };
  writeFileSync(join(folder, 'MANIFEST.json'), JSON.stringify(about));
}

/** All that is below a folder: path -> what it is. */
export function contents(folder: string, inner = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(join(folder, inner)).sort()) {
    const path = inner === '' ? name : `${inner}/${name}`;
    const stat = lstatSync(join(folder, path));
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) found.set(path, `link ${readlinkSync(join(folder, path))}`);
    else if (stat.isDirectory()) {
      found.set(path, `folder ${mode}`);
      for (const [below, said] of contents(folder, path)) found.set(below, said);
    } else found.set(path, `file ${mode} ${readFileSync(join(folder, path), 'latin1')}`);
  }
  return found;
}
