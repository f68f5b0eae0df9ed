/** More than this in an inbox are not a day's work, but a flood. */
const crowd = 100;
/** Of a flood so many are told at once. */
const batch = 32;
/** Between two batches of a flood it rests: this many times what the last one took, */
const share = 2;
/** and this long at least, milliseconds. */
const shortest = 200;

export interface Told {
  ready: boolean;
  readyAt: number;
}

/**
 * The pace at which a flooded inbox is told of: what lies there over any limit costs others, its
 * agent not included, a third of the time at most, however slow the machine is. Nothing is lost by
 * waiting where it lies.
 */
export class Pace<Entry extends object> {
  #batch = new Set<Entry>();
  /** When it was told of first; null: it is over. */
  #began: number | null = null;
  #rest = 0;

  /**
   * Of the first that came those to be told of now; while it rests, one that is ready later.
   * `passed`: milliseconds on a clock that nobody sets; `count`: all that lie there.
   */
  of(first: readonly Entry[], toldOf: (one: Entry) => Told, at: { passed: number; count: number }) {
    const now = (entries: readonly Entry[]) => entries.map((entry) => ({ entry, wait: 0 }));
    if (at.count <= crowd) {
      this.#end();
      return now(first);
    }
    const open = first.filter((one) => this.#batch.has(one) && toldOf(one).ready);
    if (open.length > 0) return now(open);
    if (this.#began !== null) {
      this.#rest = at.passed + Math.max(shortest, share * (at.passed - this.#began));
      this.#end();
    }
    const wait = this.#rest - at.passed;
    if (wait > 0) return first.slice(0, 1).map((entry) => ({ entry, wait }));
    const ready = first.filter((one) => toldOf(one).ready).slice(0, batch);
    if (ready.length === 0) return now(first);
    this.#batch = new Set(ready);
    this.#began = at.passed;
    return now(ready);
  }

  #end(): void {
    this.#batch.clear();
    this.#began = null;
  }
}
