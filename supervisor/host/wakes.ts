import { basename } from 'node:path';
import type { Layout } from '../model/layout.ts';
import { at, type CronTimer, cron, type Timer } from './timer.ts';
import { watch } from './watch.ts';

/** Inboxes that something happened in, with the names that came by a rename; null: any may be. */
export type DirtyInboxes = ReadonlyMap<string, ReadonlySet<string>> | null;

/** A cron expression that wakes; `tick`: it is the cron beat itself. */
export interface Beat {
  cron: string;
  zone: string;
  tick: boolean;
}

/** How long the watch of a new folder may take to begin, milliseconds. */
const watchBegins = 1000;

/** Everything that wakes the loop. Each only wakes: many wakes at once become one turn. */
export class Wakes {
  readonly #turn: (wake: { tick: boolean }) => void;
  readonly #now: () => number;
  readonly #layout: Layout;
  #dirty = new Map<string, Set<string>>();
  #all = true;
  #due: { tick: boolean } | null = null;
  #timer: Timer | null = null;
  #crons = new Map<string, CronTimer>();
  #again: NodeJS.Timeout | null = null;
  #closeWatch: () => Promise<void> = async () => {};

  constructor(layout: Layout, now: () => number, turn: (wake: { tick: boolean }) => void) {
    this.#layout = layout;
    this.#now = now;
    this.#turn = turn;
  }

  /** Watch the folders of ROOT; resolves when no event is missed any more for being too early. */
  async watch(onError: (error: unknown) => void): Promise<void> {
    const { inboxes, control, switches } = this.#layout;
    const watcher = watch(
      { folders: [control, switches], parents: [inboxes], onError },
      (folder, name, renamed) => {
        this.#touch(folder, name, renamed);
        this.wake();
      },
    );
    this.#closeWatch = watcher.close;
    await watcher.ready;
  }

  /** A turn soon; what happens until then is in it. */
  wake(tick = false): void {
    if (this.#due !== null) {
      this.#due.tick ||= tick;
      return;
    }
    const due = { tick };
    this.#due = due;
    setImmediate(() => {
      if (this.#due !== due) return;
      this.#due = null;
      this.#turn(due);
    });
  }

  /** One wake at an instant (milliseconds since 1970), instead of the one asked for before. */
  wakeAt(instant: number | null): void {
    this.#timer?.stop();
    this.#timer = instant === null ? null : at(instant, this.#now, () => this.wake());
  }

  /** What is to be looked into since this was asked last. */
  dirty(): DirtyInboxes {
    const dirty = this.#all ? null : this.#dirty;
    this.#all = false;
    this.#dirty = new Map();
    return dirty;
  }

  /** Beat at these, and at no others. Returns when the tick beats next; null when it does not. */
  beat(beats: readonly Beat[]): void {
    const wanted = new Map(beats.map((one) => [`${one.tick} ${one.zone} ${one.cron}`, one]));
    for (const [key, timer] of this.#crons) {
      if (wanted.has(key)) continue;
      timer.stop();
      this.#crons.delete(key);
    }
    for (const [key, one] of wanted) {
      if (this.#crons.has(key)) continue;
      this.#crons.set(
        key,
        cron(one.cron, one.zone, () => this.wake(one.tick)),
      );
    }
  }

  async end(): Promise<void> {
    this.wakeAt(null);
    this.beat([]);
    this.#due = null;
    if (this.#again !== null) clearTimeout(this.#again);
    await this.#closeWatch();
  }

  /** A folder is told of a moment before its own watch begins: what comes in between is not. */
  #lookAgain(): void {
    this.#again ??= setTimeout(() => {
      this.#again = null;
      this.#all = true;
      this.wake();
    }, watchBegins);
  }

  #touch(folder: string, name: string, renamed: boolean): void {
    if (folder === this.#layout.control || folder === this.#layout.switches) return;
    const agent = folder === this.#layout.inboxes ? name : basename(folder);
    if (name === '') this.#lookAgain();
    if (agent === '') {
      this.#all = true;
      return;
    }
    const names = this.#dirty.get(agent) ?? new Set<string>();
    if (renamed) names.add(name);
    this.#dirty.set(agent, names);
  }
}
