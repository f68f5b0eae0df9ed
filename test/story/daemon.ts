import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Layout, layout } from '../../supervisor/model/layout.ts';
import { openReader, type Reader } from '../../supervisor/store/reader.ts';
import { repository } from './stories.ts';

const command = join(repository, 'dist/cli/airlock.js');

/** The real daemon as its own process, on a ROOT of its own. */
export class Daemon {
  readonly folder: string;
  readonly layout: Layout;
  #process: ChildProcess | null = null;
  #said = '';

  constructor(policy: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'airlock-story-'));
    this.layout = layout(join(this.folder, 'root'));
    writeFileSync(join(this.folder, 'airlock.yaml'), policy);
  }

  /** Starts it; resolves when a release is current, rejects with what it said if it ends first. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [command, 'start', ...this.#place()], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const ended = new Promise<never>((_, reject) => {
      child.once('exit', (code) => reject(new Error(`airlock start: exit ${code}\n${this.#said}`)));
    });
    const ready = new Promise<void>((resolve) => {
      const hear = (data: Buffer) => {
        this.#said = (this.#said + data.toString()).slice(-8000);
        if (this.#said.includes('"ready"')) resolve();
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
    });
    ended.catch(() => this.#said);
    await Promise.race([ready, ended]);
  }

  /** Run a verb of the command to its end; its JSON answer. */
  ask(verb: string, ...args: string[]): unknown {
    const all = [command, verb, ...args, ...this.#place(), '--json'];
    return JSON.parse(execFileSync(process.execPath, all, { encoding: 'utf8' }));
  }

  read<T>(look: (reader: Reader) => T): T {
    const reader = openReader(this.layout.journal);
    try {
      return look(reader);
    } finally {
      reader.close();
    }
  }

  get said(): string {
    return this.#said;
  }

  policy(): string {
    return readFileSync(join(this.folder, 'airlock.yaml'), 'utf8');
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Ends it; what it left can be started again. */
  async quit(): Promise<void> {
    const child = this.#process;
    this.#said = '';
    if (child === null || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  async stop(): Promise<void> {
    await this.quit();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #place(): string[] {
    return ['--root', this.layout.root, '--policy', join(this.folder, 'airlock.yaml')];
  }
}
