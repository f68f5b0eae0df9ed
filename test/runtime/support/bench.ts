import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, vi } from 'vitest';
import type { Door, Turn } from './door.ts';
import { openDoor } from './door.ts';
import { type Stripped, stripped } from './stripped.ts';

export const checkout = fileURLToPath(new URL('../../..', import.meta.url));

export const paths = ['task', 'drive', 'thread', 'triage', 'standing'] as const;

/** One agent's folders and its door, for runs of the real kernel. */
export interface Bench {
  folder: string;
  workspace: string;
  inbox: string;
  receipts: string;
  door: Door;
  /** Content of a file in the workspace, or null. */
  read(path: string): string | null;
  /** Names in a folder of the workspace, hidden ones too, sorted. */
  names(path: string): string[];
  put(files: Record<string, string>): Promise<void>;
}

export interface Ended {
  exit: number | null;
  stderr: string;
  stdout: string;
}

// A run takes a second on a quiet machine; this one has two cores for everybody.
vi.setConfig({ testTimeout: 60_000 });

const open: Bench[] = [];

afterAll(async () => {
  for (const bench of open) {
    await bench.door.close();
    await rm(bench.folder, { recursive: true, force: true });
  }
});

/** Given: a workspace with these files and a model that answers by this script. */
export async function given(files: Record<string, string>, script: Turn[] = []): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-runtime-'));
  const [workspace, inbox, receipts] = ['workspace', 'inbox', 'receipts'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  for (const each of [workspace, inbox, receipts]) await mkdir(each);
  const door = await openDoor(script);
  const bench: Bench = {
    ...{ folder, workspace, inbox, receipts, door },
    read: (path) => {
      const file = join(workspace, path);
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
    names: (path) => readdirSync(join(workspace, path)).sort(),
    put: (more) => putFiles(workspace, more),
  };
  open.push(bench);
  await bench.put(files);
  return bench;
}

export async function putFiles(root: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

export interface RunOptions {
  path?: string;
  agent?: string;
  /** The release to run; the checkout itself if left out. */
  release?: string;
  /** Environment to change; undefined takes a name away. */
  env?: Record<string, string | undefined>;
  /** Called with the pid as soon as it runs. */
  onStart?: (pid: number) => void;
}

let own: Promise<Stripped> | undefined;

/** When: one run of `kernel/main.ts`, started as the supervisor starts it. */
export async function run(bench: Bench, options: RunOptions = {}): Promise<Ended> {
  own ??= stripped(checkout);
  const { folder, argv } = await (options.release ? stripped(options.release) : own);
  const child = spawn('node', argv, {
    cwd: folder,
    env: environmentOf(bench, options) as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { exit: null, stderr: '', stdout: '' };
  child.stdout.on('data', (chunk) => {
    ended.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ended.stderr += chunk;
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit) => resolve({ ...ended, exit }));
  });
}

let number = 0;

function environmentOf(bench: Bench, options: RunOptions): Record<string, string | undefined> {
  const { agent = 'maker', path = 'task', env = {} } = options;
  const { workspace, inbox, receipts, door } = bench;
  number += 1;
  return {
    PATH: process.env.PATH,
    HOME: join(bench.folder),
    AIRLOCK_AGENT: agent,
    AIRLOCK_PATH: path,
    AIRLOCK_RUN: `20260101T000000Z-${agent}-${path}-${number}`,
    AIRLOCK_RELEASE: '20260101T000000Z-0123456789',
    AIRLOCK_WORKSPACE: workspace,
    AIRLOCK_INBOX: inbox,
    AIRLOCK_RECEIPTS: receipts,
    AIRLOCK_GATEWAY: door.url,
    ANTHROPIC_BASE_URL: door.url,
    ANTHROPIC_API_KEY: 'token-of-this-run',
    OPENAI_BASE_URL: `${door.url}/v1`,
    OPENAI_API_KEY: 'token-of-this-run',
    ...env,
  };
}

/** The n-th tool result (0 is the first) that the model was given. */
export function toolResult(bench: Bench, index = 0): { text: string; failed: boolean } {
  const last = bench.door.asked.at(-1);
  const blocks = (last?.messages ?? []).flatMap(({ content }) =>
    typeof content === 'string' ? [] : content,
  );
  const found = blocks.filter(({ type }) => type === 'tool_result')[index];
  return { text: String(found?.content), failed: found?.is_error === true };
}

/** The first user message of the n-th model call. */
export function prompt(bench: Bench, call = 0): string {
  return String(bench.door.asked[call]?.messages[0]?.content);
}

export const reported = (bench: Bench, type: string) =>
  bench.door.reports.filter((report) => report.type === type);

/** The last of the causes that a failed run reported. */
export function innermost(bench: Bench): string {
  const [error] = reported(bench, 'error');
  return String([error?.causes].flat().at(-1));
}
