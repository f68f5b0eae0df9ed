import { randomUUID } from 'node:crypto';
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { atStep, codeOf } from './errors.ts';

/** Every folder of a workspace. The folder that a task or message lies in is its status. */
const folders = [
  'tasks/queued',
  'tasks/running',
  'tasks/done',
  'tasks/failed',
  'messages/unread',
  'messages/read',
  'threads',
  'mail',
  'mail/rejected',
  'memory',
  'history',
];

/** Makes the folders that are missing. */
export async function layOut(workspace: string): Promise<void> {
  const fault = {
    code: 'workspace-unusable',
    step: 'lay out the workspace',
    message: 'the folders of the workspace cannot be made',
    input: workspace,
    expected: `folders ${folders.join(', ')}`,
  };
  await atStep(fault, async () => {
    for (const folder of folders) await mkdir(join(workspace, folder), { recursive: true });
  });
}

/** Writes a whole file or nothing: a reader sees the old content or the new. */
export async function replaceFile(file: string, content: string): Promise<void> {
  await withDraft(file, content, (draft) => rename(draft, file));
}

/** Writes a whole new file. False: there is one of this name, and it is left alone. */
export async function createFile(file: string, content: string): Promise<boolean> {
  try {
    await withDraft(file, content, (draft) => link(draft, file));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function withDraft(
  file: string,
  content: string,
  publish: (draft: string) => Promise<void>,
): Promise<void> {
  // Not the pid: every run has the same one in a namespace of its own.
  const draft = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`);
  try {
    await writeFile(draft, content, { flag: 'wx' });
    await publish(draft);
  } finally {
    await rm(draft, { force: true });
  }
}
