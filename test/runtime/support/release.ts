import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { checkout } from './bench.ts';

const made: string[] = [];

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A copy of the runtime, laid out as a release: its manifest and lock file at the top. */
export function copyRuntime(): string {
  const release = mkdtempSync(join(tmpdir(), 'airlock-release-'));
  made.push(release);
  for (const part of ['kernel', 'app', 'config']) {
    cpSync(join(checkout, part), join(release, part), { recursive: true });
  }
  for (const file of ['package.json', 'package-lock.json']) {
    cpSync(join(release, 'kernel', file), join(release, file));
    rmSync(join(release, 'kernel', file));
  }
  symlinkSync(join(checkout, 'node_modules'), join(release, 'node_modules'));
  return release;
}

/** A copy of the runtime with a proposal of `test/proposals/` applied to it. */
export function withProposal(name: string): string {
  const release = copyRuntime();
  const proposal = join(checkout, 'test/proposals', name);
  if (name.endsWith('.patch')) execFileSync('git', ['apply', proposal], { cwd: release });
  else cpSync(join(proposal, 'files'), release, { recursive: true });
  return release;
}

/** What the release's own type check says; empty when it passes. */
export function typeCheck(release: string): string {
  const tsc = join(checkout, 'node_modules/.bin/tsc');
  try {
    return execFileSync(tsc, ['--noEmit', '-p', 'kernel/tsconfig.json'], {
      cwd: release,
    }).toString();
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout);
  }
}

/** Changes one file of a copy; throws if that changes nothing. */
export function edit(release: string, file: string, change: (text: string) => string): void {
  const path = join(release, file);
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${file} is as it was`);
  writeFileSync(path, after);
}
