/** The product as it is installed, built once for all tests: it starts five times as fast. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

const repository = join(import.meta.dirname, '..');
/** Tells every test, and the threads of the supervisors in it, where the build is. */
const name = 'AIRLOCK_TEST_BUILD';

/** A program of the build, by its path: `cli/airlock.js`. */
export function built(path: string): string {
  const folder = process.env[name];
  if (folder === undefined) throw new Error(`no ${name}: vitest.config.ts runs what makes it`);
  return join(folder, path);
}

/** Before the first test, and in watch mode again whenever something has changed. */
export default function setup(project: TestProject): () => void {
  // In the checkout, so that the native module is found.
  const cache = join(repository, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'airlock-test-'));
  const make = () =>
    void execFileSync(process.execPath, [join(repository, 'supervisor/build.mjs'), folder]);
  make();
  process.env[name] = folder;
  project.onTestsRerun(make);
  return () => rmSync(folder, { recursive: true, force: true });
}
