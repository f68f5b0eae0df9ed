import { lstatSync, readdirSync } from 'node:fs';
import { orNull } from './files.ts';
import { nameToText } from './names.ts';
import { walk } from './walk.ts';

/** Something in an inbox that is not hidden by a leading dot. */
export interface SeenDrop {
  /** Written by nameToText (names.ts): the file's name, unless it has a backslash or no UTF-8. */
  name: string;
  ready: boolean;
  /** When it is, milliseconds since 1970, if nothing touches it any more. */
  readyAt: number;
}

export interface ListDrops {
  inbox: string;
  /** Milliseconds since 1970. */
  now: number;
  /** A plain copy is taken when it has been unchanged for this many milliseconds. */
  settle: number;
  /** Names that the watcher saw come by a rename: they are whole. */
  hints?: ReadonlySet<string>;
}

/** A folder with more than this is not looked through: intake refuses it anyway. */
const enough = 20_000;

/**
 * What lies in an inbox, and whether it is whole.
 *
 * A write moves mtime and ctime to the same instant, a rename moves ctime alone: ctime later than
 * mtime means that the last thing that happened was not a write (measured: never so after a plain
 * write). A write and a rename within one clock beat (4 ms) look like a write: then the watcher's
 * hint decides, or the wait for a plain copy. In a folder everything inside counts too. What is
 * still empty was not moved here whole: it was made, and its mode set, before its content came.
 * @throws when the inbox is there and cannot be read.
 */
export function listDrops({ inbox, now, settle, hints }: ListDrops): SeenDrop[] {
  const names = orNull(() => readdirSync(inbox, { encoding: 'buffer' })) ?? [];
  const folder = Buffer.from(`${inbox}/`);
  const drops: SeenDrop[] = [];
  for (const bytes of names) {
    if (bytes[0] === 0x2e) continue;
    const name = nameToText(bytes);
    const times = orNull(() => newest(Buffer.concat([folder, bytes])));
    if (times === null) continue; // gone meanwhile
    drops.push({ name, ...readiness(times, now, settle, hints?.has(name) ?? false) });
  }
  return drops.sort((a, b) => a.readyAt - b.readyAt || (a.name < b.name ? -1 : 1));
}

interface Times {
  /** Of the drop itself: its last change, and whether that was something other than a write. */
  top: bigint;
  moved: boolean;
  /** The last change of anything inside. */
  inside: bigint;
}

function readiness(times: Times, now: number, settle: number, renamed: boolean) {
  const last = Math.max(Number(times.top / 1_000_000n), Number(times.inside / 1_000_000n));
  const whole = renamed || (times.moved && times.top >= times.inside);
  // A change from the future: the clock was set back, and waiting for it could take days.
  if (whole || last > now + 1000) return { ready: true, readyAt: Math.min(last, now) };
  return { ready: now >= last + settle, readyAt: last + settle };
}

function newest(path: Buffer): Times {
  const top = lstatSync(path, { bigint: true });
  const { inside, count } = top.isDirectory() ? within(path) : { inside: 0n, count: 0 };
  const empty = top.isDirectory() ? count === 0 : top.size === 0n;
  return { top: top.ctimeNs, moved: !empty && top.ctimeNs > top.mtimeNs, inside };
}

function within(folder: Buffer): { inside: bigint; count: number } {
  let inside = 0n;
  let count = 0;
  walk(folder, { open: false }, ({ path, stat }) => {
    if (path.length === 0) return undefined;
    if (stat.ctimeNs > inside) inside = stat.ctimeNs;
    count += 1;
    return count > enough ? 'stop' : undefined;
  });
  return { inside, count };
}
