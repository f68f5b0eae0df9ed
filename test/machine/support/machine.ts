/**
 * A machine with a real systemd as PID 1, in namespaces of its own on an overlay of this file
 * system (shared/design/platform-notes). What it writes is on a disk of its own that outlives it, so
 * that it can be powered off, or have its plug pulled, and be booted again.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('boot.sh', import.meta.url));

export interface Said {
  exit: number | null;
  stdout: string;
  stderr: string;
}

export interface MachineOptions {
  /** Size of what it may write, as tmpfs(5) says it. */
  disk?: string;
  /** The file system that it is a copy of; / if left out. */
  lower?: string;
  /** Milliseconds until it must have booted. */
  within?: number;
}

/** Ready when basic.target is; journald keeps its lines on the disk, so that a reboot shows them. */
const files: Record<string, string> = {
  'etc/systemd/system/machine.target':
    '[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n',
  'etc/systemd/journald.conf.d/machine.conf':
    '[Journal]\nStorage=persistent\nRateLimitBurst=0\nSyncIntervalSec=0\n',
  // Nothing of the machine that this one is an image of.
  'etc/hostname': 'machine\n',
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
};

/** Says the main process of a unit; 0 where it does not run. */
export const mainPid = (unit: string) => `systemctl show -p MainPID --value ${unit}`;

export class Machine {
  readonly place: string;
  readonly #name: string;
  readonly #within: number;
  readonly #lower: string;
  #process: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor({ disk = '3G', lower = '/', within = 90_000 }: MachineOptions = {}) {
    if (process.getuid?.() !== 0) throw new Error('a machine is booted as root');
    this.place = mkdtempSync(join(tmpdir(), 'airlock-machine-'));
    this.#name = `airlock-test-${this.place.slice(-6)}`;
    this.#within = within;
    this.#lower = lower;
    for (const folder of ['disk', 'door']) mkdirSync(join(this.place, folder));
    const size = `size=${disk},mode=755`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', join(this.place, 'disk')]);
    for (const [path, text] of Object.entries(files)) this.write(`/${path}`, text);
  }

  /** Boot; resolves when systemd has reached its target. */
  async boot(): Promise<void> {
    if (this.#process !== null) throw new Error('it runs already');
    // It must not outlive this process, however that ends.
    const argv = ['--pdeathsig', 'KILL', 'bash', script, this.#name, this.place, this.#lower];
    const child = spawn('setpriv', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    this.#process = child;
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
    const up = () =>
      this.first() !== null && this.sh('systemctl is-active machine.target').exit === 0;
    await this.#until(up, () => `it to boot: ${said}${this.console()}`);
  }

  /** What systemd itself printed. */
  console(): string {
    const file = join(this.place, 'door', 'console');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-4000) : '';
  }

  /** Pid, on this host, of its first process; null when it does not run. */
  first(): number | null {
    const outer = this.#process?.pid;
    if (outer === undefined || this.#process?.exitCode !== null) return null;
    const file = `/proc/${outer}/task/${outer}/children`;
    const child = existsSync(file) ? Number(readFileSync(file, 'utf8').trim().split(' ')[0]) : 0;
    if (!child) return null;
    let name = '';
    try {
      name = readFileSync(`/proc/${child}/comm`, 'utf8');
    } catch {
      // Gone between two looks: the next one finds another.
    }
    return name.trim() === 'systemd' ? child : null;
  }

  /** The top of its groups, one a tree, as this host sees them. */
  get groups(): string[] {
    return cgroupTrees().map((tree) => join(tree, this.#name));
  }

  /** Run a command in it, to its end. */
  run(argv: readonly string[], { input = '', within = 60_000 } = {}): Said {
    const options = { input, timeout: within, maxBuffer: 64 * 2 ** 20 } as const;
    try {
      const command = this.#entering(argv);
      const stdout = execFileSync('nsenter', command, {
        ...options,
        encoding: 'utf8',
        stdio: 'pipe',
      });
      return { exit: 0, stdout, stderr: '' };
    } catch (error) {
      const { status, stdout, stderr } = error as { status?: number } & Said;
      if (status === undefined) throw error;
      return { exit: status, stdout, stderr };
    }
  }

  sh(text: string, options: { input?: string; within?: number } = {}): Said {
    return this.run(['/bin/sh', '-c', text], options);
  }

  /** As `sh`, and its stdout; throws with all that it said unless it exits 0. */
  must(text: string, options: { input?: string; within?: number } = {}): string {
    const { exit, stdout, stderr } = this.sh(text, options);
    if (exit === 0) return stdout;
    throw new Error(`${text}\nexit ${exit}\n${stdout}\n${stderr}`);
  }

  /** Start a command in it that goes on by itself. */
  start(argv: readonly string[]): ChildProcess {
    return spawn('nsenter', this.#entering(argv), { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** A file of it, whether it runs or not. */
  write(path: string, text: string, mode = 0o644): void {
    if (this.first() !== null) {
      this.must(
        `mkdir -p "$(dirname '${path}')" && cat >'${path}' && chmod ${mode.toString(8)} '${path}'`,
        {
          input: text,
        },
      );
      return;
    }
    const file = join(this.place, 'disk', 'upper', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  }

  /** Of a unit that runs; throws where it does not: a signal to 0 is one to who sends it. */
  mainPid(unit: string): string {
    const pid = this.must(mainPid(unit)).trim();
    if (pid === '0')
      throw new Error(`${unit} does not run: ${this.sh(`systemctl status ${unit}`).stdout}`);
    return pid;
  }

  /** What journald has of a unit in this boot, one object a line. */
  journal(unit: string): Record<string, string>[] {
    const text = this.must(`journalctl --sync; journalctl -b -u ${unit} -o json --no-pager`);
    return text
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Wait for something to hold in it. */
  async until(text: string, what = text): Promise<void> {
    let last: Said | null = null;
    const holds = () => {
      last = this.sh(text);
      return last.exit === 0;
    };
    await this.#until(holds, () => `${what}: ${JSON.stringify(last)}`);
  }

  async powerOff(): Promise<void> {
    this.sh('systemctl poweroff');
    await this.#gone();
  }

  /** Everything in it ends at once, without a warning; what was written stays. */
  async pullPlug(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#gone();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pullPlug();
    execFileSync('umount', ['-l', join(this.place, 'disk')]);
    rmSync(this.place, { recursive: true, force: true });
    for (const group of this.groups) removeGroups(group);
  }

  /** Its first process may end before the others are gone: its groups tell. */
  async #gone(): Promise<void> {
    await this.#ended;
    this.#process = null;
    const { groups } = this;
    await this.#until(
      () => groups.every(isEmpty),
      () => 'all its processes to be gone',
    );
  }

  #entering(argv: readonly string[]): string[] {
    const first = this.first();
    if (first === null) throw new Error(`the machine does not run: ${this.console()}`);
    const spaces = ['--mount', '--pid', '--net', '--ipc', '--uts', '--cgroup'];
    return ['--target', `${first}`, ...spaces, '--', 'env', '-i', `PATH=${path}`, ...argv];
  }

  async #until(holds: () => boolean, what: () => string): Promise<void> {
    const end = Date.now() + this.#within;
    // Each look is processes in the machine: what is slow to come is looked for less often.
    for (let pause = 20; !holds(); pause = Math.min(pause * 1.5, 250)) {
      if (Date.now() > end) throw new Error(`waited ${this.#within} ms for ${what()}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** The interpreter that runs this test is one that the machine has, too. */
const path = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`;

function cgroupTrees(): string[] {
  const top = '/sys/fs/cgroup';
  if (existsSync(`${top}/cgroup.controllers`)) return [top];
  return readdirSync(top).map((name) => join(top, name));
}

/** Nothing runs in a group or below it. */
function isEmpty(group: string): boolean {
  if (!existsSync(group)) return true;
  const below = readdirSync(group, { withFileTypes: true }).filter((one) => one.isDirectory());
  const own = readFileSync(join(group, 'cgroup.procs'), 'utf8').trim() === '';
  return own && below.every(({ name }) => isEmpty(join(group, name)));
}

/** Groups are folders that are removed from below; the kernel's files in them go along. */
function removeGroups(group: string): void {
  if (!existsSync(group)) return;
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroups(join(group, entry.name));
  }
  rmdirSync(group);
}

/** A booted machine that is gone at the end of its block. */
export async function boot(options: MachineOptions = {}): Promise<Machine> {
  const machine = new Machine(options);
  try {
    await machine.boot();
    return machine;
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
}
