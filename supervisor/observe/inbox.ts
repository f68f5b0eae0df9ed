import { dropNames, lookAtDrop, type SeenDrop } from '../host/inbox/drops.ts';
import { Pace } from './pace.ts';

interface Entry {
  name: string;
  /** The watcher saw it come by a rename. */
  renamed: boolean;
  /** What was seen of it last; null: not looked at yet. */
  seen: SeenDrop | null;
  /** The same, as long as the next look may rely on it. */
  before: SeenDrop | null;
  /** It waits to be looked at. */
  queued: boolean;
  gone: boolean;
}

export interface Look {
  /** Milliseconds since 1970. */
  now: number;
  settle: number;
  /** Milliseconds on a clock that nobody sets. */
  passed: number;
  /** The time for this look is up: the rest is for the next one. */
  over: () => boolean;
}

/**
 * An inbox as it is remembered between looks, so that one with 40,000 drops costs no more at a look
 * than what happened in it. Memory gives the order alone: what is shown was looked at just now.
 */
export class Inbox {
  readonly #folder: string;
  readonly #entries = new Map<string, Entry>();
  /** To be looked at; before `#next` they were. */
  #queue: Entry[] = [];
  #next = 0;
  /** Up to here the queue came of a listing, which tells no order: until then nothing is shown. */
  #listed = 0;
  /** Looked at, by arrival once sorted. */
  #order: Entry[] = [];
  #sorted = true;
  #cut = false;
  readonly #pace = new Pace<Entry>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  /** How many wait to be looked at. */
  get waiting(): number {
    return this.#queue.length - this.#next;
  }

  /** Time was up before all that is to be told was seen. */
  get unlooked(): boolean {
    return this.#cut || this.waiting > 0;
  }

  /** Take in what the folder holds. Throws when it cannot be read. */
  list(): void {
    const names = new Set(dropNames(this.#folder));
    for (const entry of this.#entries.values()) if (!names.has(entry.name)) this.#forget(entry);
    for (const name of names) if (!this.#entries.has(name)) this.#lookLater(this.#entry(name));
    this.#listed = this.#queue.length;
  }

  /** Something happened to a name. */
  touch(name: string, renamed: boolean): void {
    const entry = this.#entry(name);
    if (renamed) {
      entry.renamed = true;
      entry.before = null;
    }
    this.#lookLater(entry);
  }

  /** Look at what waits for it, as far as time allows. */
  see(look: Look): void {
    while (this.#next < this.#queue.length && !look.over()) {
      const entry = this.#queue[this.#next++] as Entry;
      entry.queued = false;
      if (!entry.gone) this.#see(entry, look);
    }
    if (this.waiting > 0) return;
    this.#queue = [];
    this.#next = 0;
    this.#listed = 0;
  }

  /** The first that came, at most `most`, each as it is now. */
  first(most: number, look: Look): SeenDrop[] {
    if (this.#next < this.#listed) return [];
    if (!this.#sorted) this.#order = this.#order.filter(isThere).sort(byArrival);
    this.#sorted = true;
    const shown: Entry[] = [];
    let at = 0;
    while (at < this.#order.length && shown.length < most && !(shown.length > 0 && look.over())) {
      const entry = this.#order[at++] as Entry;
      if (isThere(entry) && !rests(seenOf(entry), look)) this.#see(entry, look);
      if (isThere(entry)) shown.push(entry);
    }
    this.#cut = at < this.#order.length && shown.length < most;
    if (at > shown.length) this.#order = [...shown, ...this.#order.slice(at)];
    const paced = this.#pace.of(shown, seenOf, { passed: look.passed, count: this.#entries.size });
    return paced.map(({ entry, wait }) => {
      const seen = seenOf(entry);
      return wait === 0 ? seen : { ...seen, ready: false, readyAt: look.now + wait };
    });
  }

  #entry(name: string): Entry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const blank = { renamed: false, seen: null, before: null, queued: false, gone: false };
    const entry = { name, ...blank };
    this.#entries.set(name, entry);
    return entry;
  }

  #lookLater(entry: Entry): void {
    if (!entry.queued) this.#queue.push(entry);
    entry.queued = true;
  }

  #see(entry: Entry, { now, settle }: Look): void {
    const { name, renamed, before } = entry;
    const seen = lookAtDrop({ inbox: this.#folder, name, now, settle, renamed, before });
    if (seen === null) return this.#forget(entry);
    if (entry.seen === null) this.#order.push(entry);
    // Where it stood, it may stand no longer.
    if (entry.seen?.readyAt !== seen.readyAt) this.#sorted = false;
    entry.seen = seen;
    entry.before = seen;
  }

  /** A name that is gone may come again as a plain copy: what was known speaks not for that. */
  #forget(entry: Entry): void {
    entry.gone = true;
    this.#entries.delete(entry.name);
  }
}

const isThere = (entry: Entry): boolean => !entry.gone;
/** Of one that was looked at. */
const seenOf = (entry: Entry): SeenDrop => entry.seen as SeenDrop;

/** Before it can be ready there is no need to look at it again, unless an event names it. */
function rests({ ready, readyAt }: SeenDrop, { now, settle }: Look): boolean {
  return !ready && now < readyAt && readyAt - now <= settle;
}

function byArrival(one: Entry, other: Entry): number {
  const [a, b] = [seenOf(one), seenOf(other)];
  return a.readyAt - b.readyAt || (a.name < b.name ? -1 : 1);
}
