import { basename, dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode, listFolder, readText } from '../files/files.ts';
import { identify } from '../process/process-identity.ts';

/** What SIGKILL ends is gone within milliseconds; a start does not wait for more, milliseconds. */
const longestEnd = 2000;

/**
 * End what a supervisor that was killed left running in places of this folder. bubblewrap dies with
 * who made it, but for the first millisecond of its life. In a host install runs are other users',
 * and the launcher's to end.
 */
export async function endLeftovers(parent: string): Promise<void> {
  const names = listFolder(parent);
  if (names.length === 0) return;
  // A source in mountinfo is told from its own file system on: only its end is known.
  const end = `/${basename(dirname(parent))}/${basename(parent)}`;
  const marks = names.flatMap((name) => [`${end}/${name}/`, `${end}/${name} `]);
  const isOurs = (pid: string) => {
    const mounts = mountsOf(pid);
    return marks.some((one) => mounts.includes(one));
  };
  const pids = listFolder('/proc').filter((name) => /^\d+$/.test(name) && isOurs(name));
  const left = pids.flatMap((pid) => identify(Number(pid)) ?? []);
  for (const { pid } of left) kill(pid);
  const isThere = () => left.some((one) => identify(one.pid)?.start === one.start);
  for (const late = Date.now() + longestEnd; isThere() && Date.now() < late; ) await wait(5);
}

/** What a process sees mounted; nothing where that may not be read. */
function mountsOf(pid: string): string {
  try {
    return readText(`/proc/${pid}/mountinfo`) ?? '';
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
  }
}
