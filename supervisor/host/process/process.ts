import { type ChildProcess, type IOType, type StdioOptions, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { RunEnding } from '../../model/run.ts';
import { inheritedDescriptors } from '../sandbox/descriptors.ts';
import { type KeptOutput, keepOutput } from '../sandbox/output.ts';

/** Why a process was ended from outside. */
export type StopWhy = NonNullable<RunEnding['stoppedBy']>;

export interface LaunchOptions {
  /** The whole environment: nothing is inherited. */
  environment: Record<string, string>;
  cwd?: string;
  /** Bytes of each output stream that are kept. */
  kept: number;
  /** Bytes of both streams; beyond it the process is stopped. */
  flood: number;
  /** Wall clock, milliseconds; beyond it the process is stopped. */
  wall: number;
  /**
   * File descriptors 3, 4, ...: what the process reads, or a listener to what it writes,
   * which hears null at the end.
   */
  pipes?: (string | Buffer | ((text: string | null) => void))[];
  /** Hears the first half of what is kept as it comes, and at the end what of the rest is. */
  onOutput?: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Ends the tree; may be called early and more than once. Default: kills its process group. */
  kill?: (child: ChildProcess) => void;
  /** Settles when nothing of the tree is left; awaited after the process itself ended. */
  gone?: () => Promise<void>;
}

export interface Ending {
  /** null when it was ended by a signal or never started. */
  exit: number | null;
  signal: NodeJS.Signals | null;
  stoppedBy: StopWhy | null;
  stdoutTail: string;
  stderrTail: string;
  /** Of both streams, kept or not. */
  bytes: number;
  durationMs: number;
  /** It could not be started at all. */
  fault: Error | null;
}

export interface Launched {
  pid: number | null;
  /** Never rejects; settles once, when the tree is gone. */
  ended: Promise<Ending>;
  /** Ends the whole tree; the first reason counts, later calls change nothing. */
  stop(why: StopWhy): void;
}

/** How long an escaped child may hold a stream open after its process is gone, milliseconds. */
const lingering = 1000;
/** Node fires a longer timer at once. */
const longestTimer = 2 ** 31 - 1;

let inherited: number[] | null = null;
let nothing: number | null = null;

/**
 * Starts one process tree with bounded output. It leads a session of its own, so that a signal
 * from our terminal does not reach it. Start it from the main thread: a process that dies with
 * its parent dies with the thread that made it.
 */
export function launch(argv: string[], options: LaunchOptions): Launched {
  const began = performance.now();
  const child = start(argv, options);
  const tell = options.onOutput ?? (() => undefined);
  const streams = {
    stdout: keeper('stdout', options, tell),
    stderr: keeper('stderr', options, tell),
  };
  let stoppedBy: StopWhy | null = null;
  let over = false;
  const stop = (why: StopWhy) => {
    if (over || stoppedBy !== null) return;
    stoppedBy = why;
    (options.kill ?? killGroup)(child);
  };
  const heard = (stream: KeptOutput) => (chunk: Buffer) => {
    if (stoppedBy === 'output') return;
    stream.add(chunk);
    if (streams.stdout.bytes() + streams.stderr.bytes() > options.flood) stop('output');
  };
  child.stdout?.on('data', heard(streams.stdout));
  child.stderr?.on('data', heard(streams.stderr));
  const wall = setTimeout(stop, Math.min(options.wall, longestTimer), 'timeout');
  const read = closed(child);

  const settle = async (): Promise<Ending> => {
    const fault = await endOf(child);
    clearTimeout(wall);
    // Whoever it left behind before it could tell of them would be waited for without end.
    options.kill?.(child);
    killGroup(child);
    if (fault === null) await options.gone?.();
    over = true;
    const late = setTimeout(read.giveUp, lingering);
    await read.done;
    clearTimeout(late);
    for (const name of ['stdout', 'stderr'] as const) {
      const rest = streams[name].rest();
      if (rest !== null) tell(name, rest);
    }
    return {
      exit: fault === null ? child.exitCode : null,
      signal: child.signalCode,
      stoppedBy,
      stdoutTail: streams.stdout.tail(),
      stderrTail: streams.stderr.tail(),
      bytes: streams.stdout.bytes() + streams.stderr.bytes(),
      durationMs: Math.round(performance.now() - began),
      fault,
    };
  };
  return { pid: child.pid ?? null, ended: settle(), stop };
}

function start(argv: string[], options: LaunchOptions): ChildProcess {
  const [program, ...rest] = argv;
  if (program === undefined) throw new TypeError('nothing to launch');
  const pipes = options.pipes ?? [];
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: options.environment,
    detached: true,
    stdio: covered(['ignore', 'pipe', 'pipe', ...pipes.map(() => 'pipe' as const)]),
  });
  for (const [at, pipe] of pipes.entries()) connect(child.stdio[3 + at], pipe);
  return child;
}

/**
 * What our own parent left open for its children would be open in every run too, a file of the
 * host perhaps: each such descriptor gets /dev/null instead. Node opens its own close-on-exec.
 */
function covered(stdio: StdioOptions & unknown[]): StdioOptions {
  inherited ??= inheritedDescriptors();
  const all: (IOType | number)[] = [...(stdio as IOType[])];
  for (const fd of inherited.filter((one) => one >= stdio.length)) {
    while (all.length < fd) all.push('ignore');
    all[fd] = nothing ??= openSync('/dev/null', 'r+');
  }
  return all;
}

function connect(
  stream: Readable | Writable | null | undefined,
  pipe: string | Buffer | ((text: string | null) => void),
): void {
  // A process that ends early breaks its pipes; how it ended is told by its exit.
  stream?.on('error', () => undefined);
  if (typeof pipe !== 'function') (stream as Writable | null)?.end(pipe);
  else {
    stream?.once('close', () => pipe(null));
    (stream as Readable | null)?.setEncoding('utf8').on('data', pipe);
  }
}

function keeper(
  name: 'stdout' | 'stderr',
  options: LaunchOptions,
  tell: NonNullable<LaunchOptions['onOutput']>,
): KeptOutput {
  return keepOutput(options.kept, (text) => tell(name, text));
}

/** The error that kept it from starting, or null once it ended. */
function endOf(child: ChildProcess): Promise<Error | null> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve(null));
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(error);
    });
  });
}

interface Read {
  done: Promise<void>;
  giveUp(): void;
}

/** Settles when its output was read to the end, or when that is given up. */
function closed(child: ChildProcess): Read {
  let giveUp = () => {};
  const done = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    giveUp = () => {
      for (const stream of child.stdio) stream?.destroy();
      resolve();
    };
    if (child.pid === undefined) resolve();
  });
  return { done, giveUp };
}

/** What is left of its process group, once it has ended or is to end. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
