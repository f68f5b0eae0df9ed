/**
 * A runtime whose types are stripped already, by what strips them in a release: esbuild. Every file
 * stays in its folder as `.mjs`, so that the start of a run, of which these tests make hundreds, needs
 * no loader. How it goes with tsx is shown by `test/story` and by the rehearsals of a release.
 */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

export interface Stripped {
  folder: string;
  /** Arguments of `node`: the entry, and what it needs before it. */
  argv: string[];
}

const parts = ['kernel', 'app', 'config', 'package.json', 'package-lock.json', 'node_modules'];

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
    const from = ['kernel', 'app'].flatMap((part) => sources(folder, part));
    await build({
      entryPoints: from,
      outbase: folder,
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'silent',
    });
    for (const file of from) follow(file);
    return { folder, argv: ['kernel/main.mjs'] };
  } catch {
    return { folder: runtime, argv: ['--import', 'tsx', 'kernel/main.ts'] };
  }
}

/** What a stripped file loads is stripped, too. */
function follow(source: string): void {
  const file = source.replace(/ts$/, 'mjs');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/(["'`]\.{1,2}\/[^"'`\n]*)\.ts(?=["'`])/g, '$1.mjs'));
  rmSync(source);
}

const sources = (folder: string, part: string): string[] =>
  readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, part, name));
