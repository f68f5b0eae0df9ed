import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const out = join(checkout, 'out');
const made = [
  'supervisor',
  'kernel',
  'app',
  'config',
  'smoke',
  'package.json',
  'package-lock.json',
];

/** The package of this checkout, unpacked; made once, and again when anything in it changed. */
export async function thePackage(): Promise<string> {
  mkdirSync(out, { recursive: true });
  const lock = join(out, '.making');
  while (!taken(lock)) await new Promise((resolve) => setTimeout(resolve, 100));
  try {
    const found = unpacked();
    if (found !== null && newest(made.map((one) => join(checkout, one))) < timeOf(found)) {
      return found;
    }
    // No test here reads the tarball, and packing it is half of the work.
    const how = ['run', '--silent', 'package', '--', '--bare'];
    execFileSync('npm', how, { cwd: checkout, stdio: 'inherit' });
    return unpacked() as string;
  } finally {
    rmdirSync(lock);
  }
}

/** It in another folder. What is written there must be made anew: its files are the package's own. */
export async function linkPackage(to: string): Promise<void> {
  const from = await thePackage();
  try {
    execFileSync('cp', ['-al', from, to], { stdio: 'pipe' });
  } catch {
    // Another file system.
    execFileSync('cp', ['-a', `${from}/.`, to]);
  }
}

function taken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Of a test that was killed while it made one.
    if (Date.now() - statSync(lock).mtimeMs > 300_000) rmdirSync(lock);
    return false;
  }
}

function unpacked(): string | null {
  const name = readdirSync(out).find((one) => existsSync(join(out, one, 'MANIFEST.json')));
  return name === undefined ? null : join(out, name);
}

const timeOf = (folder: string) => statSync(join(folder, 'MANIFEST.json')).mtimeMs;

function newest(paths: readonly string[]): number {
  const times = paths.map((path) => {
    const stat = statSync(path);
    if (!stat.isDirectory()) return stat.mtimeMs;
    return newest(readdirSync(path).map((name) => join(path, name)));
  });
  return Math.max(0, ...times);
}
