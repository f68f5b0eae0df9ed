import { basename } from 'node:path';
import type { Layout } from '../../model/layout.ts';
import { at, type CronTimer, cron, onClockStep, type Timer } from './timer.ts';
import { watch } from './watch.ts';

/**
 * Inboxes that something happened in: the names, and whether each came by a rename; the name '' is
 * the inbox itself. null: any inbox.
 */
export type DirtyInboxes = ReadonlyMap<string, ReadonlyMap<string, boolean>> | null;

/** A cron expression that wakes; `tick`: it is the cron beat itself. */
export interface Beat {
  cron: string;
  zone: string;
  tick: boolean;
}

/** Everything that wakes the loop. Each only wakes: many wakes at once become one turn. */
export class Wakes {
  readonly #turn: (wake: { tick: boolean }) => void;
  readonly #now: () => number;
  readonly #layout: Layout;
  #dirty = new Map<string, Map<string, boolean>>();
  #all = true;
  #due: { tick: boolean } | null = null;
  #timer: Timer | null = null;
  #beats: readonly Beat[] = [];
  #crons = new Map<string, CronTimer>();
  readonly #steps: Timer = onClockStep(() => this.#reckonAnew());
  #closeWatch = async () => {};
  #over = false;

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
        if (this.#touch(folder, name, renamed)) this.wake();
      },
    );
    this.#closeWatch = watcher.close;
    await watcher.ready;
  }

  /** A turn soon; what happens until then is in it. */
  wake(tick = false): void {
    if (this.#over) return;
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
    const never = instant === null || this.#over;
    this.#timer = never ? null : at(instant, this.#now, () => this.wake());
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
    this.#beats = this.#over ? [] : beats;
    const wanted = new Map(this.#beats.map((one) => [`${one.tick} ${one.zone} ${one.cron}`, one]));
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

  /** For good: a step that ends later would keep a process alive whose journal is closed. */
  async end(): Promise<void> {
    this.#over = true;
    this.#steps.stop();
    this.wakeAt(null);
    this.beat([]);
    this.#due = null;
    await this.#closeWatch();
  }

  /** A clock that was set back would keep node-cron silent until it is that late again. */
  #reckonAnew(): void {
    const beats = this.#beats;
    this.beat([]);
    this.beat(beats);
    this.wake(true);
  }

  /** False where nothing follows from it: what begins with a dot is not dropped yet. */
  #touch(folder: string, name: string, renamed: boolean): boolean {
    if (folder === this.#layout.control || folder === this.#layout.switches) return true;
    if (name.startsWith('.')) return false;
    const agent = folder === this.#layout.inboxes ? name : basename(folder);
    if (agent === '') {
      this.#all = true;
      return true;
    }
    const names = this.#dirty.get(agent) ?? new Map<string, boolean>();
    const inside = folder === this.#layout.inboxes ? '' : name;
    names.set(inside, renamed || names.get(inside) === true);
    this.#dirty.set(agent, names);
    return true;
  }
}
