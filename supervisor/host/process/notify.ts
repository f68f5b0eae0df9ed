/** Telling others: the service manager, and the policy's notify command. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Failure } from '../../model/reason.ts';
import { codeOrEio } from '../files/records.ts';
import { redacted } from '../secrets.ts';
import { bareEnvironment } from './environment.ts';

/**
 * Tell systemd (`READY=1`, `WATCHDOG=1`, `STATUS=...`, see sd_notify(3)); false where no service
 * manager listens. A process does it, because Node has no unix datagrams: 3 ms.
 */
export async function tellServiceManager(
  lines: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  const { NOTIFY_SOCKET, PATH } = environment;
  if (!NOTIFY_SOCKET) return false;
  const how = { withinMs: 5000, environment: { PATH, NOTIFY_SOCKET } };
  await runToEnd(['systemd-notify', ...lines], '', how);
  return true;
}

export interface NotifyCommand {
  argv: readonly string[];
  /** Where it starts: the policy file's folder. */
  folder: string;
  /** Becomes its stdin, as one JSON document. */
  message: unknown;
  /** Milliseconds; then it and its children are killed. */
  withinMs: number;
}

/** Run the policy's notify command. Throws Failure `host-failed` unless it exits 0 in time. */
export async function runNotifyCommand(command: NotifyCommand): Promise<void> {
  const { argv, folder, message, withinMs } = command;
  const how = { withinMs, folder, environment: bareEnvironment() };
  await runToEnd(argv, `${redacted(JSON.stringify(message))}\n`, how);
}

interface How {
  withinMs: number;
  folder?: string;
  environment: NodeJS.ProcessEnv;
}

/** How much of what it prints is kept for the error. */
const tailBytes = 4096;
/** After its end, how long what it printed last may take to arrive: a child may hold the pipe. */
const lastWordsMs = 100;

async function runToEnd(argv: readonly string[], input: string, how: How): Promise<void> {
  const [program = '', ...rest] = argv;
  // Its own process group, so that what it leaves behind can be killed with it.
  const options = { cwd: how.folder, env: how.environment, detached: true };
  const child = spawn(program, rest, { ...options, stdio: ['pipe', 'ignore', 'pipe'] });
  const words = lastWords(child);
  child.stdin.end(input);
  const end = await ending(child, how.withinMs);
  const actual = end.error ? 'it did not start' : `${end.how}: ${(await words()).trim()}`;
  if (end.how === 'exit 0') return;
  const message = `${program} did not do its work`;
  const parts = { message, step: 'notify', input: argv.join(' '), expected: 'exit 0', actual };
  throw new Failure('host-failed', parts, end.error);
}

type Child = ChildProcessByStdio<Writable, null, Readable>;

/** The end of what it prints to stderr, asked for after it ended. */
function lastWords(child: Child): () => Promise<string> {
  let tail = '';
  child.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-tailBytes);
  });
  // A command that does not read its stdin is none the worse for it.
  child.stdin.on('error', (error) => {
    if (codeOrEio(error) !== 'EPIPE') tail += ` (stdin: ${error.message})`;
  });
  const closed = new Promise<void>((resolve) => child.stderr.once('close', resolve));
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, lastWordsMs);
    });
    await Promise.race([closed, patience]);
    clearTimeout(timer);
    child.stderr.destroy();
    return tail;
  };
}

function ending(child: Child, withinMs: number): Promise<{ how: string; error?: Error }> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => {
      killGroup(child.pid);
      resolve({ how: `still running after ${withinMs} ms` });
    }, withinMs);
    child.on('error', (error) => {
      clearTimeout(limit);
      resolve({ how: '', error });
    });
    child.on('exit', (code, signal) => {
      clearTimeout(limit);
      resolve({ how: signal ?? `exit ${code}` });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (codeOrEio(error) !== 'ESRCH') throw error;
  }
}
