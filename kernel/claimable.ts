import { lstat } from 'node:fs/promises';
import { parseDocument } from './front-matter.ts';
import { orElse, readText } from './listing.ts';
import type { Task } from './tasks.ts';
import { claim, fail, fileOf, idsIn, move, readQueue } from './tasks.ts';

/** Where a queue stands: what may be taken now, oldest first, and what waits for what. */
export interface Queue {
  ready: Task[];
  waiting: { task: Task; for: string[] }[];
}

/**
 * Takes the oldest task that is ready, or null. Two runs never get the same one: the rename of one
 * of them fails, and it goes on to the next.
 */
export async function claimOldest(workspace: string, run: string): Promise<Task | null> {
  const { ready } = await sortQueue(workspace);
  for (const task of ready) {
    if (await claim(workspace, task, run)) return task;
  }
  return null;
}

/** Reads the queue; a task that can never become ready is failed, with the reason. */
export async function sortQueue(workspace: string): Promise<Queue> {
  const tasks = await readQueue(workspace);
  const done = new Set(await idsIn(workspace, 'done'));
  const failed = new Set(await idsIn(workspace, 'failed'));
  const queue: Queue = { ready: [], waiting: [] };
  for (const task of tasks) {
    const open = task.after.filter((id) => !done.has(id));
    const hopeless = whyHopeless(task, open, failed, tasks);
    if (hopeless) await fail(workspace, task, 'queued', hopeless);
    else if (open.length === 0) queue.ready.push(task);
    else queue.waiting.push({ task, for: open });
  }
  return queue;
}

function whyHopeless(
  task: Task,
  open: string[],
  failed: Set<string>,
  tasks: Task[],
): string | null {
  const lost = open.find((id) => failed.has(id));
  if (lost) return `It comes after "${lost}", which failed.`;
  const circle = circleOf(task, tasks);
  return circle && `It waits for itself: ${circle.join(' -> ')}.`;
}

/** The way from a task along `after` back to itself, if there is one. */
function circleOf(start: Task, tasks: Task[]): string[] | null {
  const after = new Map(tasks.map((task) => [task.id, task.after]));
  const seen = new Set<string>();
  const ways = start.after.map((id) => [start.id, id]);
  for (let way = ways.pop(); way; way = ways.pop()) {
    const last = way.at(-1) as string;
    if (last === start.id) return way;
    if (seen.has(last)) continue;
    seen.add(last);
    for (const next of after.get(last) ?? []) ways.push([...way, next]);
  }
  return null;
}

/**
 * Puts tasks back whose run was killed before it could: claimed longer ago than a lease. The time
 * is the file's ctime, which the claiming rename sets.
 */
export async function recoverClaims(workspace: string, lease: number): Promise<void> {
  for (const id of await idsIn(workspace, 'running')) {
    const stats = await orElse(() => lstat(fileOf(workspace, 'running', id)), null);
    const lost = stats !== null && Date.now() - stats.ctimeMs >= lease;
    if (lost) await orElse(() => move(workspace, id, 'running', 'queued'), undefined);
  }
}

/** Puts tasks back that a run, which is about to end, still holds. */
export async function releaseClaims(workspace: string, run: string): Promise<void> {
  for (const id of await idsIn(workspace, 'running')) {
    if ((await claimerOf(workspace, id)) !== run) continue;
    await orElse(() => move(workspace, id, 'running', 'queued'), undefined);
  }
}

/** The run that holds a task; null if its file does not say so, or cannot be read. */
async function claimerOf(workspace: string, id: string): Promise<unknown> {
  try {
    return parseDocument(await readText(fileOf(workspace, 'running', id))).fields.run;
  } catch {
    // Not a file that this run has written: the lease decides.
    return null;
  }
}
