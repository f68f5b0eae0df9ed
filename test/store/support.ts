import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished, vi } from 'vitest';
import { type Layout, layout } from '../../supervisor/model/layout.ts';
import { Failure, type Reason } from '../../supervisor/model/reason.ts';

/** Processes start slowly on a busy machine; a test that hangs still ends. */
vi.setConfig({ testTimeout: 30_000 });
/** How long a condition may take to come true, for `expect.poll`. */
export const soon = { timeout: 20_000, interval: 10 };

/** A private folder of one test, gone when it ends; others may look into it. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'airlock-'));
  chmodSync(path, 0o755);
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A ROOT with its folders, empty. */
export function emptyRoot(): Layout {
  const place = layout(folder());
  for (const one of [place.state, place.control, place.switches, place.inboxes, place.releases]) {
    mkdirSync(one, { recursive: true });
  }
  return place;
}

/** Start a fixture program written in TypeScript; ended with its test. */
export function start(program: string, args: string[]) {
  const file = join(import.meta.dirname, '..', 'fixtures', 'store', program);
  const argv = ['--import', 'tsx', file, ...args];
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Lines that a program prints, as they come. */
export function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (!child.stdout) throw new Error('the program has no stdout');
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

export async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error('the program ended without the line that was waited for');
  return value;
}

export function ended(child: ChildProcess): Promise<number | string> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1));
  });
}

export async function killHard(child: ChildProcess): Promise<void> {
  const end = ended(child);
  child.kill('SIGKILL');
  await end;
}

/** The reason that something fails with. */
export function reasonOfFailing(work: () => unknown): Reason {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error.reason;
    throw error;
  }
  throw new Error('it did not fail');
}

export async function reasonOfRejecting(work: Promise<unknown>): Promise<Reason> {
  const ended = await work.then(
    () => () => undefined,
    (error: unknown) => () => {
      throw error;
    },
  );
  return reasonOfFailing(ended);
}
