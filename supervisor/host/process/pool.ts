import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Failure, type Reason, reasonOf } from '../../model/reason.ts';

/**
 * Threads for work that would block the loop. Each does one task at a time, in the order they were
 * asked for; a thread that dies fails its own task only, and is replaced.
 */
export interface Pool {
  /**
   * `signal` is handed on to the task; one that still waits for a thread is given up.
   * @throws Failure with the reason that the task failed with; `internal` when its thread died.
   */
  call(task: string, input: unknown, signal?: AbortSignal): Promise<unknown>;
  /**
   * Start one thread now: loading its modules takes longer than most tasks. The others start when
   * they are needed, and leave when they are not any more: each costs 15 MB.
   */
  warm(): Promise<void>;
  /** Ends the threads at once; what they were at is failed. */
  close(): Promise<void>;
}

export interface PoolOptions {
  /** A module that calls `serve`. */
  entry: URL;
  size: number;
  /** A thread beyond the first leaves when it had nothing to do for so many milliseconds. */
  idle?: number;
}

const idleMs = 30_000;

interface Job {
  task: string;
  input: unknown;
  resolve: (value: unknown) => void;
  reject: (error: Failure) => void;
}

type Answer = { ok: true; value: unknown } | { ok: false; reason: Reason };

interface Thread {
  worker: Worker;
  job: Job | null;
  leave: NodeJS.Timeout | null;
}

export function createPool(options: PoolOptions): Pool {
  const queue: Job[] = [];
  const threads = new Set<Thread>();
  let closed = false;

  const next = () => {
    while (queue.length > 0) {
      const idle = [...threads].find((thread) => thread.job === null);
      const thread = idle ?? (threads.size < options.size ? spawn() : undefined);
      if (thread === undefined) return;
      give(thread, queue.shift() as Job);
    }
  };
  const spawn = (): Thread => {
    const worker = startWorker(options.entry);
    const thread: Thread = { worker, job: null, leave: null };
    threads.add(thread);
    let cause: unknown = null;
    worker.on('message', (answer: Answer) => settle(thread, answer));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      threads.delete(thread);
      if (thread.job !== null) thread.job.reject(died(thread.job, cause));
      if (!closed) next();
    });
    return thread;
  };
  const give = (thread: Thread, job: Job) => {
    if (thread.leave !== null) clearTimeout(thread.leave);
    thread.job = job;
    thread.worker.ref();
    thread.worker.postMessage({ task: job.task, input: job.input });
  };
  const cancel = (job: Job) => {
    const at = queue.indexOf(job);
    if (at >= 0) queue.splice(at, 1)[0]?.reject(died(job, 'it was cancelled'));
    for (const { worker, job: own } of threads) if (own === job) worker.postMessage(cancelled);
  };
  const settle = (thread: Thread, answer: Answer) => {
    const job = thread.job;
    thread.job = null;
    thread.worker.unref(); // an idle thread keeps no process alive
    if (answer.ok) job?.resolve(answer.value);
    else job?.reject(new Failure(answer.reason.code, answer.reason));
    next();
    if (thread.job === null)
      thread.leave = setTimeout(rest, options.idle ?? idleMs, thread).unref();
  };
  const rest = (thread: Thread) => {
    if (threads.size === 1 || thread.job !== null) return;
    threads.delete(thread);
    void thread.worker.terminate();
  };
  const call = (task: string, input: unknown, signal?: AbortSignal) =>
    new Promise<unknown>((resolve, reject) => {
      const job = { task, input, resolve, reject };
      signal?.addEventListener('abort', () => cancel(job), { once: true });
      if (closed) return reject(died(job, 'the pool is closed'));
      queue.push(job);
      next();
    });
  const close = async () => {
    closed = true;
    for (const job of queue.splice(0)) job.reject(died(job, 'the pool is closed'));
    await Promise.all([...threads].map((thread) => thread.worker.terminate()));
  };
  const warm = async () => {
    await call(hello, null);
  };
  return { call, warm, close };
}

/** Young garbage is collected often: a thread's memory stays small. */
const small = { execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 8 } };

/** In a checkout on a node that does not strip types, a thread needs tsx as this process does. */
function startWorker(entry: URL): Worker {
  const stripping = 'typescript' in process.features && Boolean(process.features.typescript);
  if (!entry.pathname.endsWith('.ts') || stripping) return new Worker(entry, small);
  const boot = new URL('./tsx-thread.mjs', import.meta.url);
  return new Worker(boot, { ...small, workerData: { entry: entry.href } });
}

/** What a thread is told to give up the task that it is at. */
const cancelled = { cancel: true };

/** The task that every thread answers: it is there. */
const hello = 'hello';

function died(job: Job, cause: unknown): Failure {
  const message = 'A worker thread died';
  return new Failure('internal', { message, step: job.task }, cause ?? 'it left');
}

/** In a thread: answer the pool's calls with these tasks. */
export function serve(tasks: Record<string, (input: never, signal: AbortSignal) => unknown>): void {
  if (isMainThread || parentPort === null) throw new Error('serve() is for a worker thread');
  const port = parentPort;
  let atWork = new AbortController();
  port.on('message', async (message: { task: string; input: unknown } | typeof cancelled) => {
    if ('cancel' in message) return atWork.abort();
    const { task, input } = message;
    atWork = new AbortController();
    const { signal } = atWork;
    try {
      const work = tasks[task] as ((input: unknown, signal: AbortSignal) => unknown) | undefined;
      if (work === undefined && task !== hello) throw new Error(`no task is named ${task}`);
      port.postMessage({ ok: true, value: await work?.(input, signal) });
    } catch (error) {
      port.postMessage({ ok: false, reason: reasonOf(error, task) });
    }
  });
}
