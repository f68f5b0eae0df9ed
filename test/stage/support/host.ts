import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';
import { seal } from '../../../supervisor/act/intake/seal.ts';
import { type StageResult, stage, stageSource } from '../../../supervisor/act/stage/stage.ts';
import { removeTree } from '../../../supervisor/host/files/files.ts';
import { flip } from '../../../supervisor/host/files/links.ts';
import { type Layout, layout } from '../../../supervisor/model/layout.ts';
import type { Sealed } from '../../../supervisor/model/proposal.ts';
import type { Manifest } from '../../../supervisor/model/release.ts';

// Real processes on a machine that others load too: a slow test is no wrong one.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

export const limits = { bytes: 256 * 1024, files: 50, depth: 8, path: 200 };
export const roots = ['kernel', 'app', 'config', 'package.json', 'package-lock.json'];
export const includes = roots.map((one) => ({ from: one, to: one }));

/** A small runtime that is complete. */
export const runtime: Record<string, string> = {
  'kernel/main.ts': 'export const answer = 42;\n',
  'kernel/run.sh!': '#!/bin/sh\nexit 0\n',
  'app/prompts/task.md': lines(20, 'task'),
  'app/prompts/drive.md': lines(20, 'drive'),
  'app/tools/list.ts': 'export const tools = [];\n',
  'config/agents.yaml':
    'agents:\n  - name: maker\n    model: cheap\n    schedule: {task: "*/5 * * * *"}\n',
  'package.json': '{"name": "runtime", "version": "1.0.0"}\n',
  'package-lock.json':
    '{"name": "runtime", "lockfileVersion": 3, "packages": {"": {"name": "runtime"}}}\n',
};

export function lines(count: number, word: string): string {
  return Array.from({ length: count }, (_, at) => `${word} ${at + 1}\n`).join('');
}

/** Write files below a folder; a name that ends with `!` is executable. */
export function write(folder: string, files: Record<string, string | Buffer>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name.replace(/!$/, ''));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: name.endsWith('!') ? 0o755 : 0o644 });
  }
}

/** One ROOT in a temporary folder, with everything that intake and staging need. */
export class Host {
  readonly folder: string;
  readonly layout: Layout;
  #count = 0;

  constructor(folder = mkdtempSync(join(tmpdir(), 'airlock-'))) {
    this.folder = folder;
    this.layout = layout(join(folder, 'root'));
    mkdirSync(this.layout.inbox('maker'), { recursive: true });
    mkdirSync(this.layout.intake, { recursive: true });
  }

  /** An instant of its own for every release, so that their ids differ. */
  at(): number {
    return Date.UTC(2026, 0, 1) + this.#count++ * 1000;
  }

  /** The first release, from these files; `current` points at it. */
  async first(files: Record<string, string | Buffer> = runtime): Promise<Manifest> {
    const source = join(this.folder, 'source');
    rmSync(source, { recursive: true, force: true });
    write(source, files);
    const tops = new Set(Object.keys(files).map((name) => name.split('/')[0] as string));
    const included = includes.filter((one) => tops.has(one.from));
    const request = { source, includes: included, limits, layout: this.layout, at: this.at() };
    const manifest = staged(await stageSource(request)).manifest;
    flip(this.layout, manifest.id, null);
    return manifest;
  }

  drop(name: string): string {
    return join(this.layout.inbox('maker'), name);
  }

  seal(drop: string, id = `id-${drop.replace(/[^a-z0-9]/gi, '-')}-${this.#count++}`) {
    const request = { id, agent: 'maker', drop, layout: this.layout, limits, sealedAt: 0, roots };
    return { id, result: seal(request) };
  }

  /** Drop a folder or a patch, seal it, and give what stage needs. */
  accept(drop: string): { id: string; sealed: Sealed } {
    const { id, result } = this.seal(drop);
    if (result.kind !== 'sealed') throw new Error(JSON.stringify(result));
    return { id, sealed: result.sealed };
  }

  /** Stage a sealed proposal onto a release. */
  stage({ id, sealed }: { id: string; sealed: Sealed }, onto: string, at = this.at()) {
    return stage({
      proposal: { id, form: sealed.form, paths: sealed.paths, proposer: 'maker' },
      sealedFolder: `${this.layout.sealed(id)}/sealed`,
      base: sealed.base as string,
      onto,
      layout: this.layout,
      includes,
      at,
    });
  }

  /** Drop an overlay. */
  overlay(name: string, files: Record<string, string | Buffer>, more = ''): void {
    const folder = this.drop(name);
    write(folder, { 'proposal.yaml': `title: ${name}\n${more}` });
    for (const [path, content] of Object.entries(files)) {
      write(join(folder, 'files'), { [path]: content });
    }
  }

  /** Drop what git says about a change of a release's files, as an agent would make it. */
  patch(name: string, release: string, change: (folder: string) => void, how = 'diff'): void {
    writeFileSync(this.drop(name), this.diffOf(release, change, how));
  }

  diffOf(release: string, change: (folder: string) => void, how = 'diff'): Buffer {
    const folder = mkdtempSync(join(this.folder, 'work-'));
    cpSync(this.layout.release(release), folder, { recursive: true });
    execFileSync('chmod', ['-R', 'u+w', folder]);
    rmSync(join(folder, 'release.json'));
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...named, ...args]);
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'base');
    change(folder);
    if (how === 'diff') {
      git('add', '-A');
      return git('diff', '--cached', '--binary', '-M');
    }
    git('add', '-A');
    git('commit', '-qm', how);
    return git('format-patch', '--stdout', '--binary', '-1');
  }

  remove(): void {
    removeTree(this.folder);
  }
}

const named = ['-c', 'user.name=maker', '-c', 'user.email=maker@localhost'];

export function staged(result: StageResult) {
  if (result.kind === 'staged') return result;
  throw new Error(JSON.stringify(result.reasons, null, 2));
}

export function codes(result: { kind: string; reasons?: { code: string }[] }): string[] {
  return result.reasons?.map((one) => one.code) ?? [result.kind];
}
