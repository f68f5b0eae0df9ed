/**
 * A runtime whose types are stripped already, by what strips them in a release: esbuild. Every file
 * stays where it is; only the start of a run, of which these tests make hundreds, is cheaper. How it
 * goes with tsx is shown by `test/story` and by the rehearsals of a release.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

export interface Stripped {
  folder: string;
  /** Arguments of `node`, before the entry. */
  argv: string[];
}

const parts = ['kernel', 'app', 'config', 'package.json', 'package-lock.json', 'node_modules'];
const hook = fileURLToPath(new URL('stripped-hook.mjs', import.meta.url));

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A copy of the runtime in a folder, as it is now; itself, for tsx, if a file does not even parse. */
export async function stripped(runtime: string): Promise<Stripped> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-stripped-'));
  made.push(folder);
  for (const part of parts.filter((one) => existsSync(join(runtime, one)))) {
    if (part === 'node_modules') symlinkSync(join(runtime, part), join(folder, part));
    else cpSync(join(runtime, part), join(folder, part), { recursive: true });
  }
  try {
    await build({
      entryPoints: ['kernel', 'app'].flatMap((part) => sources(folder, part)),
      outbase: folder,
      outdir: folder,
      outExtension: { '.js': '.ts' },
      allowOverwrite: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'silent',
    });
    return { folder, argv: ['--import', hook] };
  } catch {
    return { folder: runtime, argv: ['--import', 'tsx'] };
  }
}

const sources = (folder: string, part: string): string[] =>
  readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, part, name));
