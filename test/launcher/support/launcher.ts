import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A condition that must come true; the test's own time limit is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(5);
}

export interface TestLauncher {
  socket: string;
  process: ChildProcess;
  /** What it wrote to its log, once it has ended. */
  log: Promise<string>;
}

const command = join(import.meta.dirname, '../../../supervisor/cli/airlock.ts');

/** `airlock launcher` as a process of its own, listening; ended with the test. */
export async function givenLauncher(
  root: string,
  environment: Record<string, string> = {},
): Promise<TestLauncher> {
  const socket = join(root, 'launcher.sock');
  // What a killed one left tells nothing of the next.
  rmSync(socket, { force: true });
  const argv = ['--import', 'tsx', command, 'launcher', '--root', root, '--socket', socket];
  const { PATH } = process.env;
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH, ...environment },
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  });
  const log = text(child.stderr);
  await until(() => existsSync(socket) || child.exitCode !== null);
  if (child.exitCode !== null) throw new Error(await log);
  return { socket, process: child, log };
}
