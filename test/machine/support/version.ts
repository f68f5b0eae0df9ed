import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkPackage } from './package.ts';

/**
 * Another version of this checkout's package, in a folder: the program with another number in it,
 * and something done to it.
 */
export async function anotherVersion(
  to: string,
  version: string,
  change: (folder: string) => void = () => undefined,
): Promise<void> {
  await linkPackage(to);
  const dist = join(to, 'dist');
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const file = join(dist, name);
    if (!statSync(file).isFile()) continue;
    const text = readFileSync(file, 'utf8');
    const other = text.replace(/(name:"airlock",version:)"[^"]+"/g, `$1"${version}"`);
    if (other !== text) replace(file, other);
  }
  change(to);
  const manifest = JSON.parse(readFileSync(join(to, 'MANIFEST.json'), 'utf8'));
  for (const [path, about] of Object.entries<{ sha256: string }>(manifest.files)) {
    const file = join(to, path);
    // One that is the package's own still is what its manifest says.
    if (statSync(file).nlink > 1) continue;
    about.sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  }
  replace(join(to, 'MANIFEST.json'), JSON.stringify({ ...manifest, version }));
}

/** As of before the last upgrade of the journal: it knows nothing of that one's schema. */
export function knowingLess(folder: string): void {
  const dist = join(folder, 'dist');
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const file = join(dist, name);
    if (!statSync(file).isFile()) continue;
    const text = readFileSync(file, 'utf8');
    const less = text.replace(/(upgrades=\[\{to:1,.*?),\{to:\d+,[^{}]*\}\]/gs, '$1]');
    if (less !== text) replace(file, less);
  }
}

/** Another text in a file of its own, of the same mode. */
function replace(file: string, text: string): void {
  const { mode } = statSync(file);
  rmSync(file);
  writeFileSync(file, text, { mode });
}

/** Its command says something else for one verb. */
export function insteadOf(verb: string, line: string): (folder: string) => void {
  return (folder) => {
    const file = join(folder, 'bin/airlock');
    const [first, ...rest] = readFileSync(file, 'utf8').split('\n');
    replace(file, [first, `[ "$1" != ${verb} ] || ${line}`, ...rest].join('\n'));
  };
}
