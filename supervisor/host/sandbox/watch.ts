import type { Bounds } from '../../model/job.ts';
import type { Group } from '../cgroup/group.ts';
import type { StopWhy } from '../process/process.ts';
import { type Held, heldBy, leftAt, nameCounter } from './measure.ts';

/**
 * Watches what a run takes of the host while it goes on, and stops it at the first bound that it
 * breaks. The kernel counts memory and processes; what a run keeps is walked, seldom: as often as
 * the room on its disk shrinks by half of what it may still take, and every now and then.
 */
export interface Watched {
  folders: { workspace: string | null; inbox: string | null };
  bounds: Bounds;
  group: Group | null;
  stop: (why: StopWhy) => void;
}

/** Milliseconds between two looks: each reads a few counters. */
const look = 100;
/** Times the duration of a walk before the next one: walking is a part of the time. */
const rest = 5;
/** Without any sign walks are this far apart, milliseconds; the disk may be others' too. */
const seldom = 10_000;
/** Growth under which nobody is to blame for a disk that fills. */
const innocent: Held = { bytes: 1024 ** 2, inodes: 100 };
/** Inodes that must stay free. */
const spareInodes = 1000;

/** How much each run under way has grown, as last walked: the worst is stopped for all. */
const growth = new Map<object, Held>();
/** What each run under way found free at its start, bytes. */
const found = new Map<object, number>();
/** The disk shrank by this much in a run's life, and no walk can say who did it; bytes. */
const unexplained = 16 * innocent.bytes;

/** Returns how to end the watch. */
export function watchRun(watched: Watched): () => void {
  const { bounds, group, stop } = watched;
  const { inbox } = watched.folders;
  const flooded = inbox === null ? () => false : nameCounter(inbox, bounds.inbox);
  const kept = watchKept(watched);
  const timer = setInterval(() => {
    const why = group?.verdict() ?? (flooded() ? 'inbox' : null);
    if (why !== null) stop(why);
    kept.look();
  }, look);
  kept.look();
  return () => {
    clearInterval(timer);
    kept.end();
  };
}

/** What a run keeps in its own folders, and what it leaves of the disk. */
function watchKept({ folders, bounds, stop }: Watched): { look(): void; end(): void } {
  const own = [folders.workspace, folders.inbox].filter((one) => one !== null);
  const [disk] = own;
  const first: Partial<Held> = {};
  const me = {};
  let held = 0;
  let over = false;
  let walking = false;
  let nextWalk = 0;
  let roomThen = disk === undefined ? 0 : leftAt(disk).bytes;
  found.set(me, roomThen);

  const walk = async (what: keyof Held): Promise<void> => {
    const began = performance.now();
    const now = await heldBy(own, what);
    nextWalk = performance.now() + rest * (performance.now() - began);
    if (now === null || over) return;
    first[what] ??= now;
    const grown = now - (first[what] ?? 0);
    growth.set(me, { ...(growth.get(me) ?? { bytes: 0, inodes: 0 }), [what]: grown });
    if (what === 'bytes') held = now;
    if (what === 'bytes' && now > bounds.workspace) stop('workspace');
    if (disk === undefined) return;
    const left = leftAt(disk);
    if (low(left, bounds) !== what) return;
    if (worst(me, what) || (what === 'bytes' && unseen(me, left.bytes))) stop('disk');
  };

  const due = (left: Held): keyof Held | null => {
    const now = performance.now();
    if (first.bytes === undefined) return 'bytes';
    if (first.inodes === undefined) return 'inodes';
    if (now < nextWalk) return null;
    const short = low(left, bounds);
    if (short !== null) return short;
    const shrunk = roomThen - left.bytes;
    const half = Math.max(innocent.bytes, (bounds.workspace - held) / 2);
    return shrunk >= half || now - nextWalk > seldom ? 'bytes' : null;
  };

  return {
    look() {
      if (disk === undefined || walking) return;
      const left = leftAt(disk);
      const what = due(left);
      if (what === null) return;
      walking = true;
      roomThen = left.bytes;
      void walk(what).finally(() => {
        walking = false;
      });
    },
    end() {
      over = true;
      growth.delete(me);
      found.delete(me);
    },
  };
}

/** What of the host's reserve is touched. */
function low(left: Held, bounds: Bounds): keyof Held | null {
  if (left.bytes < bounds.reserve) return 'bytes';
  return left.inodes < spareInodes ? 'inodes' : null;
}

/**
 * A file that was removed and is held open takes room that stands in no folder. Where no run has
 * visibly grown, the one that saw the disk shrink most is stopped; if it was another, that one is
 * next. None of it counts as evidence.
 */
function unseen(me: object, left: number): boolean {
  if ([...growth.values()].some(({ bytes }) => bytes >= innocent.bytes)) return false;
  const mine = found.get(me) ?? 0;
  return mine - left >= unexplained && [...found.values()].every((one) => one <= mine);
}

/** Who grew most since its start is who fills the disk. */
function worst(me: object, what: keyof Held): boolean {
  const mine = growth.get(me)?.[what] ?? 0;
  return mine >= innocent[what] && [...growth.values()].every((one) => one[what] <= mine);
}
