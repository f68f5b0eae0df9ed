import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** As writeDurable (files.ts), but the thread is not blocked meanwhile. */
export async function writeDurableLater(file: string, content: string, mode = 0o644) {
  const folder = dirname(file);
  const temporary = `${folder}/.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`;
  try {
    await using(await open(temporary, 'wx', mode), async (handle) => {
      await handle.writeFile(content);
      await handle.sync();
    });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await using(await open(folder, 'r'), (handle) => handle.sync());
}

async function using(handle: FileHandle, work: (handle: FileHandle) => Promise<void>) {
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}
