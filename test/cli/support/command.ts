import { type ChildProcess, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { built } from '../../built.ts';

/** Bare `node` as a person's shell would start it. */
const environment = { PATH: process.env.PATH, HOME: process.env.HOME };

export interface Ended {
  exit: number | null;
  stdout: string;
  stderr: string;
}

/** Run the command to its end. */
export function airlock(root: string, ...args: string[]): Promise<Ended> {
  return ended(startAirlock(root, ...args));
}

export function startAirlock(root: string, ...args: string[]): ChildProcess {
  return startIn(environment, commandLine(root, ...args));
}

/** The command as a line for a shell or a terminal. */
export const commandLine = (root: string, ...args: string[]): string[] => [
  ...[process.execPath, built('cli/airlock.js'), '--root', root],
  ...args,
];

export function startIn(env: NodeJS.ProcessEnv, [program = '', ...argv]: string[]): ChildProcess {
  const child = spawn(program, argv, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

export function ended(child: ChildProcess): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, ...said }));
  });
}

/** The one JSON document on stdout; fails if there is anything else. */
export function document<T = Record<string, unknown>>({ stdout }: Ended): T {
  return JSON.parse(stdout) as T;
}
