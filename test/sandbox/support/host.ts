import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  cpSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import type { DriverAnswer, DriverRequest } from './requests.ts';

/** Who supervises. A test machine's ordinary user cannot become root; root can become ordinary. */
export type Supervisor = 'root' | 'an ordinary user';
export const supervisors: Supervisor[] =
  process.getuid?.() === 0 ? ['root', 'an ordinary user'] : ['an ordinary user'];

/** A user that nobody is. */
const nobodyElse = 61_777;
const fixtures = join(import.meta.dirname, '../../fixtures/runs');

export interface TestHost {
  base: string;
  workspace: string;
  /** Names this host's sleeping fixtures among all processes. */
  marker: string;
  release: string;
  /** Files of a folder of the host, laid down before a run. */
  given(files: Record<string, string>): void;
  ask(request: Omit<DriverRequest, 'base'>): Promise<DriverAnswer>;
  /** The driver as a process, to be killed; with a descriptor 20 of ours left open in it. */
  start(request: Omit<DriverRequest, 'base'>): ChildProcess;
  /** Living processes of this host's fixtures. */
  marked(): string[];
}

/** A temporary ROOT with the fixtures as its release, supervised by this user; gone afterwards. */
export function givenHost(supervisor: Supervisor): TestHost {
  const base = mkdtempSync(join(tmpdir(), 'airlock-run-'));
  // Not Node's own: what a fixture left may be nested too deep for a path.
  onTestFinished(() => {
    spawnSync('chmod', ['-R', 'u+rwX', base]);
    spawnSync('rm', ['-rf', base]);
  });
  const release = join(base, 'releases/20261121T000000Z-0123456789');
  cpSync(fixtures, release, { recursive: true });
  mkdirSync(join(release, 'node_modules'));
  const marker = `${randomInt(10 ** 7, 10 ** 8)}.5`;
  const folders = ['workspaces/maker', 'inbox/maker', 'receipts/maker', 'deps', 'var'];
  for (const folder of folders) mkdirSync(join(base, folder), { recursive: true });
  const given = (files: Record<string, string>) => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(base, path)), { recursive: true });
      writeFileSync(join(base, path), content);
    }
  };
  given({
    'workspaces/maker/marker': marker,
    'receipts/maker/answer.json': '{}',
    'deps/a.js': 'export {};\n',
  });
  const start = (request: Omit<DriverRequest, 'base'>) =>
    startDriver(supervisor, { ...request, base }, marker);
  const ask = async (request: Omit<DriverRequest, 'base'>) => {
    const driver = start(request);
    const giveUp = setTimeout(() => tellWhere(driver), patience);
    const [said, errors] = await Promise.all([
      text(driver.stdout as NonNullable<typeof driver.stdout>),
      text(driver.stderr as NonNullable<typeof driver.stderr>),
    ]);
    clearTimeout(giveUp);
    if (errors.includes('still open: ')) process.stderr.write(`${driver.pid}: ${errors}\n`);
    if (said === '') throw new Error(`the driver said nothing: ${errors}`);
    return JSON.parse(said) as DriverAnswer;
  };
  const workspace = join(base, 'workspaces/maker');
  return { base, workspace, marker, release, given, ask, start, marked: () => marked(marker) };
}

/** Longer than any run of these tests may take, milliseconds. */
const patience = 60_000;

/** It hangs: what it waits for, and what its processes wait for, are its last words. */
function tellWhere(driver: ChildProcess): void {
  const children = spawnSync('ps', ['-eo', 'pid,ppid,stat,wchan:30,args', '--forest']);
  process.stderr.write(`driver ${driver.pid} hangs\n${children.stdout}\n`);
  driver.kill('SIGTERM');
}

/** The driver as one file that any user can read, made once a test file. */
export async function buildDriver(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-driver-'));
  chmodSync(folder, 0o755);
  driver.file = join(folder, 'driver.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'driver.ts')],
    ...{ outfile: driver.file, bundle: true, platform: 'node', format: 'esm' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire('/');",
    },
  });
  driver.node = nodeForAll(folder);
}

export function removeDriver(): void {
  rmSync(dirname(driver.file), { recursive: true, force: true });
}

const driver = { file: '', node: '' };

/** The interpreter may be in a folder that is closed to others. */
function nodeForAll(folder: string): string {
  const closed = parents(process.execPath).some((path) => (statSync(path).mode & 0o005) !== 0o005);
  if (!closed) return process.execPath;
  const copy = join(folder, 'node');
  cpSync(process.execPath, copy);
  return copy;
}

function parents(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...parents(dirname(path))];
}

function startDriver(supervisor: Supervisor, request: DriverRequest, marker: string): ChildProcess {
  const { base } = request;
  const command = [driver.node, driver.file];
  const drop = supervisor === 'an ordinary user' && process.getuid?.() === 0;
  if (drop) {
    const ids = ['--reuid', `${nobodyElse}`, '--regid', `${nobodyElse}`, '--clear-groups'];
    command.unshift('setpriv', ...ids);
    giveAll(base);
  } else chmodSync(base, 0o755);
  const secret = openSync(join(base, 'secret-of-the-parent'), 'a+', 0o666);
  const [program, ...rest] = command as [string, ...string[]];
  const child = spawn(program, rest, {
    // Descriptor 20: what a careless parent of the supervisor leaves open, a secret file.
    stdio: ['pipe', 'pipe', 'pipe', ...Array<'ignore'>(17).fill('ignore'), secret],
    cwd: '/',
    env: { PATH: process.env.PATH, PLANTED_SECRET: 'sk-planted', MARKER: marker },
  });
  closeSync(secret);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  child.stdin?.end(JSON.stringify(request));
  return child;
}

function giveAll(folder: string): void {
  lchownSync(folder, nobodyElse, nobodyElse);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveAll(path);
    else lchownSync(path, nobodyElse, nobodyElse);
  }
}

function marked(marker: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandHas(name, marker));
}

function commandHas(pid: string, marker: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(marker);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
