import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { codeOf } from './errors.ts';
import type { Document } from './front-matter.ts';
import { formatDocument, parseDocument } from './front-matter.ts';
import { candidates, isId, slug } from './ids.ts';
import type { Entry } from './listing.ts';
import { entriesOf, orElse, readText } from './listing.ts';
import { setAside } from './set-aside.ts';
import { createFile, replaceFile } from './workspace.ts';

export type TaskStatus = 'queued' | 'running' | 'done' | 'failed';
export const statuses: readonly TaskStatus[] = ['queued', 'running', 'done', 'failed'];

/** A task: `tasks/<status>/<id>.md`. The folder is its status; a move is a rename. */
export interface Task {
  id: string;
  title: string;
  body: string;
  /** Ids of tasks that must be done first. */
  after: string[];
  /** Who asked for it, if not the agent itself. */
  from: string | undefined;
  /** Turns that ended without a result. */
  attempts: number;
  /** Milliseconds since 1970. */
  created: number;
  /** Everything its file says, unknown fields included. */
  document: Document;
}

const words = z.string().trim().min(1).max(300);
const fieldsSchema = z.looseObject({
  title: words.optional(),
  after: z.array(z.string().refine(isId, 'not a task id')).max(50).default([]),
  from: z.string().max(64).optional(),
  attempts: z.int().min(0).default(0),
  created: z.iso.datetime({ offset: true }).optional(),
});

export const fileOf = (workspace: string, status: TaskStatus, id: string) =>
  join(workspace, 'tasks', status, `${id}.md`);

/** The ids in one folder, whatever their files say. */
export async function idsIn(workspace: string, status: TaskStatus): Promise<string[]> {
  const entries = await entriesOf(join(workspace, 'tasks', status));
  return entries.filter(({ name }) => name.endsWith('.md')).map(({ name }) => name.slice(0, -3));
}

/** The queued tasks, oldest first. What is no task is moved to `failed`, with the reason. */
export async function readQueue(workspace: string): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const entry of await entriesOf(join(workspace, 'tasks/queued'))) {
    const task = await readEntry(entry);
    if (task === null) continue;
    if ('fault' in task) await setAside(entry, join(workspace, 'tasks/failed'), task.fault);
    else tasks.push(task);
  }
  return tasks.sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
}

/** Null: another run has taken it meanwhile. */
async function readEntry(entry: Entry): Promise<Task | { fault: string } | null> {
  const id = entry.name.replace(/\.md$/, '');
  if (!entry.name.endsWith('.md') || !isId(id)) {
    return { fault: 'a task is a file <id>.md, the id of a-z, 0-9, dot, dash and underscore' };
  }
  try {
    return asTask(id, await readText(entry.path), entry.stats.mtimeMs);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function asTask(id: string, text: string, modified: number): Task {
  const document = parseDocument(text);
  const fields = fieldsSchema.safeParse(document.fields);
  if (!fields.success) throw new Error(z.prettifyError(fields.error));
  const { title, after, from, attempts, created } = fields.data;
  if (!title && document.body === '') throw new Error('it has neither a title nor a body');
  return {
    id,
    title: title ?? document.body.split('\n', 1)[0]?.slice(0, 120) ?? id,
    body: document.body,
    after,
    from,
    attempts,
    created: created ? Date.parse(created) : modified,
    document,
  };
}

/** Claims a queued task for a run, by one rename. False: another run was faster. */
export async function claim(workspace: string, task: Task, run: string): Promise<boolean> {
  const running = fileOf(workspace, 'running', task.id);
  const moved = await orElse(async () => {
    await rename(fileOf(workspace, 'queued', task.id), running);
    return true;
  }, false);
  if (moved) await rewrite(workspace, 'running', task, { run });
  return moved;
}

/** Ends a claimed task: its result is written, then it is moved. */
export async function complete(workspace: string, task: Task, result: string): Promise<void> {
  const ended = { ended: new Date().toISOString() };
  await rewrite(workspace, 'running', task, ended, `## Result\n\n${result.trim()}`);
  await move(workspace, task.id, 'running', 'done');
}

/** Ends a task without success; the reason stands in its file. */
export async function fail(
  workspace: string,
  task: Task,
  from: TaskStatus,
  reason: string,
): Promise<void> {
  const ended = { ended: new Date().toISOString() };
  await rewrite(workspace, from, task, ended, `## Why it failed\n\n${reason.trim()}`);
  await move(workspace, task.id, from, 'failed');
}

/** Gives a claimed task back to the queue. */
export async function putBack(workspace: string, task: Task, attempts: number): Promise<void> {
  const created = new Date(task.created).toISOString();
  await rewrite(workspace, 'running', task, { attempts, created, run: undefined });
  await move(workspace, task.id, 'running', 'queued');
}

export async function move(
  workspace: string,
  id: string,
  from: TaskStatus,
  to: TaskStatus,
): Promise<void> {
  await rename(fileOf(workspace, from, id), fileOf(workspace, to, id));
}

async function rewrite(
  workspace: string,
  status: TaskStatus,
  task: Task,
  fields: Record<string, unknown>,
  more = '',
): Promise<void> {
  task.document = {
    fields: { ...task.document.fields, ...fields },
    body: `${task.document.body}\n\n${more}`,
  };
  await replaceFile(fileOf(workspace, status, task.id), formatDocument(task.document));
}

/** What is asked of a new task. */
export interface NewTask {
  title: string;
  body: string;
  after?: string[] | undefined;
  from?: string | undefined;
}

/** Queues a task under an id made of its title that no task of any status has; returns the id. */
export async function createTask(workspace: string, asked: NewTask): Promise<string> {
  const taken = new Set((await Promise.all(statuses.map((s) => idsIn(workspace, s)))).flat());
  const { title, after, from } = asked;
  const fields = { title, after, from, created: new Date().toISOString() };
  const content = formatDocument({ fields, body: asked.body });
  for (const id of candidates(slug(title))) {
    if (taken.has(id)) continue;
    if (await createFile(fileOf(workspace, 'queued', id), content)) return id;
  }
  throw new Error(`no id is free for a task "${title}"`);
}
