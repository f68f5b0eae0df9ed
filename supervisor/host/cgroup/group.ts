import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Bounds } from '../../model/job.ts';
import { readText } from '../files/files.ts';
import type { GroupGround, Plot } from './ground.ts';
import { killIn, removeGroup } from './kill.ts';

/** The groups of one run, one in each tree. */
export interface Group {
  /** A process that writes itself into all of these is in. */
  entries: string[];
  /** Which bound the kernel had to enforce; null: none yet. Not to be asked once it is gone. */
  verdict(): 'memory' | 'processes' | null;
  /** Ends everything in it. */
  kill(): void;
  /** Ends what is left; settles when nothing is in it and it is removed. */
  gone(): Promise<void>;
}

let made = 0;

/** Longest wait between two looks, milliseconds. */
const longestLook = 20;

/** Make a run's groups with its bounds; `name` is for people who look. */
export function makeGroup(ground: GroupGround, name: string, bounds: Bounds | null): Group {
  const own = `${name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)}.${process.pid}.${++made}`;
  const groups = ground.plots.map((plot) => ({ plot, folder: `${plot.folder}/${own}` }));
  const folders = groups.map(({ folder }) => folder);
  try {
    for (const { plot, folder } of groups) {
      mkdirSync(folder);
      if (bounds !== null) for (const [file, text] of wishes(plot, bounds)) set(folder, file, text);
    }
  } catch (error) {
    folders.forEach(removeGroup);
    throw error;
  }
  return {
    entries: folders.map((one) => `${one}/cgroup.procs`),
    verdict: () => verdictOf(folders),
    kill: () => killIn(folders),
    async gone() {
      for (let look = 1; !folders.map(removeGroup).every(Boolean); look *= 2) {
        killIn(folders);
        await wait(Math.min(look, longestLook));
      }
    },
  };
}

/** Microseconds of a cpu's period; the kernel's own default. */
const period = 100_000;

/** Files of a group with what a run's bounds say in them. A `?` marks one that may be missing. */
function wishes({ version, controls }: Plot, bounds: Bounds): [file: string, text: string][] {
  const { memory, processes } = bounds;
  const quota = Math.max(1000, Math.round(bounds.cpu * period));
  const all: Record<string, [file: string, text: string][]> =
    version === 2
      ? {
          memory: [
            ['memory.max', `${memory}`],
            ['memory.swap.max?', '0'],
            // A run that lost one of its processes is not itself any more.
            ['memory.oom.group?', '1'],
          ],
          pids: [['pids.max', `${processes}`]],
          cpu: [['cpu.max', `${quota} ${period}`]],
        }
      : {
          memory: [
            ['memory.limit_in_bytes', `${memory}`],
            ['memory.memsw.limit_in_bytes?', `${memory}`],
          ],
          pids: [['pids.max', `${processes}`]],
          cpu: [
            ['cpu.cfs_period_us', `${period}`],
            ['cpu.cfs_quota_us', `${quota}`],
          ],
        };
  return controls.flatMap((one) => all[one] ?? []);
}

function set(folder: string, file: string, text: string): void {
  const path = `${folder}/${file.replace('?', '')}`;
  if (file.endsWith('?') && readText(path) === null) return;
  writeFileSync(path, text, { flag: 'r+' });
}

function verdictOf(folders: string[]): ReturnType<Group['verdict']> {
  for (const folder of folders) {
    const events = readText(`${folder}/memory.events`) ?? readText(`${folder}/memory.oom_control`);
    if (counted(events, 'oom_kill') > 0) return 'memory';
  }
  const forks = folders.some((one) => counted(readText(`${one}/pids.events`), 'max') > 0);
  return forks ? 'processes' : null;
}

/** `oom_kill 3` of a file of counts. */
function counted(text: string | null, name: string): number {
  const found = (text ?? '').split('\n').find((line) => line.startsWith(`${name} `));
  return Number(found?.split(' ')[1] ?? 0);
}
