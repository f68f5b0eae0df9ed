import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { type Machine, tidsOf, until } from './machine.ts';

/** System calls that fail from outside: those from `first` on, `count` of them, of each thread. */
export interface Fault {
  calls: string;
  error: 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EMFILE';
  first: number;
  count: number;
}

/** What strace is told; `null`: only to write the calls down. */
function options(calls: string, fault: Fault | null, log: string): string[] {
  // What a folder was opened for tells whose sync of it that is.
  const trace = ['-qq', '-y', '-o', log, '-e', `trace=${calls},openat`];
  if (fault === null) return trace;
  const { error, first, count } = fault;
  const when = `when=${first}..${first + count - 1}`;
  return [...trace, '-e', `inject=${calls}:error=${error}:${when}`];
}

/** To start a daemon with: its main thread is hurt from its first instant on. */
export const fromTheStart = (calls: string, fault: Fault | null, log: string): string[] => [
  ...['strace', '-D', ...options(calls, fault, log)],
];

/** Hurt every thread that a daemon has; none of the processes that it starts. */
export class Hurting {
  readonly #strace: ChildProcess;

  constructor(machine: Machine, calls: string, fault: Fault | null, log: string) {
    const threads = tidsOf(machine.pid).flatMap((tid) => ['-p', `${tid}`]);
    this.#strace = spawn('strace', [...options(calls, fault, log), ...threads], {
      stdio: 'ignore',
    });
  }

  /** Every thread is held. */
  async holds(machine: Machine): Promise<void> {
    const held = (tid: number) =>
      !/^TracerPid:\t0$/m.test(readFileSync(`/proc/${machine.pid}/task/${tid}/status`, 'utf8'));
    await until(
      () => tidsOf(machine.pid).every(held) || this.#ended,
      () => 'strace to hold the daemon',
    );
    if (this.#ended && machine.running) throw new Error(`strace: ${this.#strace.spawnargs}`);
  }

  get #ended(): boolean {
    return this.#strace.exitCode !== null || this.#strace.signalCode !== null;
  }

  async ends(): Promise<void> {
    this.#strace.kill('SIGTERM');
    await until(
      () => this.#ended,
      () => 'strace to let go',
    );
  }
}

/** One call that strace wrote down. */
export interface Called {
  name: string;
  /** The how manieth of that name in its thread. */
  number: number;
  /** Name, O_CREAT or O_DIRECTORY, path; the same in each life: ids and numbers are left out. */
  kind: string;
  injected: boolean;
}

/** The calls of a log that name something under a folder. */
export function callsUnder(log: string, folder: string): Called[] {
  if (!existsSync(log)) return [];
  const counts = new Map<string, number>();
  const opened = new Map<string, string>();
  const all: Called[] = [];
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const [, thread = 'main', name = ''] = /^(?:(\d+) +)?(\w+)\(/.exec(line) ?? [];
    if (name === '') continue;
    const number = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, number);
    const path = line.split(folder)[1]?.split(/[>"]/)[0];
    if (path === undefined) continue;
    const how = /O_CREAT|O_DIRECTORY/.exec(line)?.[0] ?? '';
    if (name === 'openat') opened.set(`${thread} ${path}`, how);
    const then = name === 'fsync' ? opened.get(`${thread} ${path}`) : undefined;
    const flag = then === 'O_DIRECTORY' ? then : how;
    const kind = [name, flag, nameless(path)].filter(Boolean).join(' ');
    all.push({ name, number, kind, injected: /INJECTED/.test(line) });
  }
  return all;
}

const nameless = (path: string) =>
  path
    .replace(/\d{8}T\d{6}Z-[\w.-]+/g, 'ID')
    .replace(/\.\d+-\w+\.tmp/, '.TMP')
    .replace(/\.current-\d+/, '.current')
    .replace(/runs\/p\w{6}\b/, 'runs/P')
    .replace(/[0-9a-f]{64}/, 'DIGEST');
