import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyRelease } from '../../../supervisor/act/stage/verify.ts';
import { type Layout, layout } from '../../../supervisor/model/layout.ts';
import { type Proposal, terminal } from '../../../supervisor/model/proposal.ts';
import { openReader, type Reader } from '../../../supervisor/store/reader.ts';
import { built } from '../../built.ts';
import { tiny } from '../../pipeline/support/host.ts';

/** Times are real here: a process that is hurt from outside cannot be handed a clock. */
const policy = (bakes: string) => `
runtime: {source: ${tiny}, include: [kernel, app, config], entry: [node, kernel/main.mjs]}
tick: "*/1 * * * * *"
permissions: [{paths: [app/**], approval: none}]
smoke: {suite: ${tiny}/smoke, within: 1m}
canary: {runs: 1, within: 1m, extraRuns: 6}
bake: {for: ${bakes}, max: 2m}
models: {cheap: [{provider: rehearsal}]}
limits: {drain: 1s, jitter: 0s, queuedPerAgent: 50}
`;

export interface How {
  /** What the daemon is started by: a program and its arguments. */
  by?: string[];
  environment?: Record<string, string>;
}

/** A ROOT and the real daemon on it, which may be hurt from outside and started again. */
export class Machine {
  readonly folder = mkdtempSync(join(tmpdir(), 'airlock-machine-'));
  readonly layout: Layout = layout(join(this.folder, 'root'));
  #process: ChildProcess | null = null;
  #said = '';
  /** What the lives before this one said. */
  #before = '';

  /** `like`: begin as a copy of another one's ROOT. */
  constructor(like: Machine | null = null, { bakes = '200ms', more = '' } = {}) {
    writeFileSync(this.policyFile, policy(bakes) + more);
    if (like !== null) execFileSync('cp', ['-a', like.layout.root, this.layout.root]);
  }

  get policyFile(): string {
    return join(this.folder, 'airlock.yaml');
  }

  /** All that the daemon wrote in its present or last life. */
  get said(): string {
    return this.#said;
  }

  /** The same of all its lives. */
  get history(): string {
    return this.#before + this.#said;
  }

  get exit(): number | string | null {
    return this.#process?.exitCode ?? this.#process?.signalCode ?? null;
  }

  get running(): boolean {
    return this.#process !== null && this.exit === null;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Begin a life, of a process group of its own. */
  start({ by = [], environment = {} }: How = {}): void {
    const command = [process.execPath, built('cli/airlock.js'), 'start'];
    const place = ['--root', this.layout.root, '--policy', this.policyFile];
    const [program = '', ...args] = [...by, ...command, ...place];
    this.#before += this.#said;
    this.#said = '';
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1', ...environment },
    });
    child.stderr?.on('data', (data: Buffer) => {
      this.#said = (this.#said + data.toString()).slice(-200_000);
    });
    this.#process = child;
  }

  /** Wait until a release is current, or the process has ended. */
  async ready(): Promise<void> {
    await until(
      () => this.#said.includes('"msg":"ready"') || !this.running,
      () => `ready: ${this.#said.slice(-2000)}`,
    );
  }

  /** As a service manager does: start it again when it has ended by itself. */
  async keep(): Promise<void> {
    for (let lives = 0; !this.running; lives++) {
      if (lives > 3) throw new Error(`it does not start: ${this.#said.slice(-2000)}`);
      this.start();
      await this.ready();
    }
  }

  /** Every process of this machine at once, without a word before. */
  async crash(): Promise<void> {
    if (this.#process === null) return;
    // It must not see its runs die first: it would take that for their failure.
    kill(this.pid, 'SIGSTOP');
    signalAll(this.pid, 'SIGKILL');
    await until(
      () => !this.running,
      () => 'the daemon to die',
    );
  }

  async quit(): Promise<void> {
    if (this.running) kill(this.pid, 'SIGTERM');
    await until(
      () => !this.running,
      () => `the daemon to leave: ${this.#said.slice(-2000)}`,
    );
  }

  async remove(): Promise<void> {
    await this.crash();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Drop a change of the runtime as an agent does. */
  drop(name: string, files: Record<string, string>, agent = 'cleo'): void {
    const inbox = this.layout.inbox(agent);
    const place = join(inbox, `.${name}`);
    mkdirSync(join(place, 'files/app'), { recursive: true });
    writeFileSync(join(place, 'proposal.yaml'), JSON.stringify({ title: name }));
    for (const [path, text] of Object.entries(files)) {
      writeFileSync(join(place, 'files', path), text);
    }
    renameSync(place, join(inbox, name));
  }

  /** What lies in an inbox, taken by nobody. */
  waiting(agent = 'cleo'): string[] {
    const inbox = this.layout.inbox(agent);
    const lying = existsSync(inbox) ? readdirSync(inbox) : [];
    return [...lying.filter((name) => !name.startsWith('.')), ...this.claimed()];
  }

  /** Taken out of the inbox, and cut off before the proposal that it becomes was on record. */
  claimed(): string[] {
    const known = new Set(this.proposals().map((one) => one.id));
    const { intake } = this.layout;
    return existsSync(intake) ? readdirSync(intake).filter((id) => !known.has(id)) : [];
  }

  read<T>(look: (reader: Reader) => T): T {
    const reader = openReader(this.layout.journal);
    try {
      return look(reader);
    } finally {
      reader.close();
    }
  }

  proposals(): Proposal[] {
    return this.read((reader) => reader.proposals({ limit: 100_000 }));
  }

  /** The proposals of a drop's name; more than one would be a change made twice. */
  named(drop: string): Proposal[] {
    return this.proposals().filter((one) => one.drop === drop);
  }

  async ends(drop: string, within = 60_000): Promise<Proposal> {
    let found: Proposal | undefined;
    await until(
      () => {
        [found] = this.named(drop);
        return (found !== undefined && terminal.has(found.phase)) || !this.running;
      },
      () => `${drop} to end; it is ${JSON.stringify(found)}; ${this.#said.slice(-3000)}`,
      within,
    );
    if (found === undefined) throw new Error(`${drop} was never seen; ${this.#said.slice(-3000)}`);
    return found;
  }

  /** The release that `current` names. */
  current(): string {
    return readlinkSync(this.layout.current).replace('releases/', '');
  }

  /** Every fault of every release that is there: what `airlock verify` says. */
  faults(): string[] {
    const ids = readdirSync(this.layout.releases).filter((name) => /^\d{8}T/.test(name));
    return ids.flatMap((id) =>
      verifyRelease(this.layout, id).map((one) => `${id}: ${one.message}`),
    );
  }

  /** Run a verb of the command to its end; throws when its exit code is not 0. */
  ask(verb: string, ...args: string[]): string {
    const place = ['--root', this.layout.root, '--policy', this.policyFile];
    const all = [built('cli/airlock.js'), verb, ...args, ...place];
    return execFileSync(process.execPath, all, { encoding: 'utf8' });
  }
}

/** Wait for a condition; what for is named when it does not come. */
export async function until(
  holds: () => boolean,
  what: () => string,
  within = 60_000,
): Promise<void> {
  const end = performance.now() + within;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${within} ms for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A signal to a process and all that came of it, the youngest first. */
export function signalAll(pid: number, signal: NodeJS.Signals): void {
  for (const one of [...descendants(pid).reverse(), pid]) kill(one, signal);
}

/** A library that tests put before a daemon; its package is installed by `.ci/install`. */
export function library(name: string): string {
  const folder = readdirSync('/usr/lib').find((one) => one.endsWith('-linux-gnu'));
  const path = `/usr/lib/${folder}/${name}`;
  if (!existsSync(path)) throw new Error(`${path} is missing: .ci/install`);
  return path;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Children of a process, theirs, and so on, as the kernel has them now. */
export function descendants(pid: number): number[] {
  const tasks = tidsOf(pid);
  const children = tasks.flatMap((tid) => {
    const file = `/proc/${pid}/task/${tid}/children`;
    return existsSync(file) ? readText(file).trim().split(' ').filter(Boolean).map(Number) : [];
  });
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Threads of a process. */
export function tidsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return []; // it is gone
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it is gone
  }
}
