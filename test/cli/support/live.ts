/** A real supervisor, as the process that a person starts. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tiny, tinyPolicy } from '../../pipeline/support/host.ts';
import { airlock, commandLine, type Ended, startIn } from './command.ts';

/** `after`: when it goes away, if not with the test. */
export function folder(after: (remove: () => void) => void = onTestFinished): string {
  const path = mkdtempSync(join(tmpdir(), 'airlock-live-'));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export class LiveHost {
  readonly place: string;
  readonly root: string;
  readonly policy: string;
  said = '';
  #child: ChildProcess | null = null;

  constructor(place = folder(), bake = '1s') {
    this.place = place;
    this.root = join(place, 'root');
    this.policy = join(place, 'airlock.yaml');
    writeFileSync(this.policy, tinyPolicy(tiny).replace('for: 15m', `for: ${bake}`));
  }

  /** Resolves when a release is current; rejects with what it said if it ends before. */
  async start(environment: NodeJS.ProcessEnv = { PATH: process.env.PATH }): Promise<void> {
    const argv = commandLine(this.root, '--policy', this.policy, 'start');
    const child = startIn({ HOME: process.env.HOME, ...environment }, argv);
    this.#child = child;
    child.stdout?.resume();
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`start ended with ${code}: ${this.said}`)));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
        if (this.said.includes('"msg":"ready"')) resolve();
      });
    });
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null;
  }

  /** Ends it as a service manager does; its exit code. */
  stop(): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return Promise.resolve(child?.exitCode ?? null);
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    return gone;
  }

  /** SIGSTOP makes it one that hangs. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  ask(...args: string[]): Promise<Ended> {
    return airlock(this.root, '--policy', this.policy, ...args);
  }

  /** An overlay to propose. */
  change(name: string, files: Record<string, string>): string {
    const overlay = join(this.place, name);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(overlay, 'files', path)), { recursive: true });
      writeFileSync(join(overlay, 'files', path), content);
    }
    writeFileSync(join(overlay, 'proposal.yaml'), `title: ${name}\n`);
    return overlay;
  }
}
