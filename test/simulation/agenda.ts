/** What will happen when, in simulated time: milliseconds since 1970. */
export class Agenda {
  now: number;
  readonly #coming: { at: number; what: () => void }[] = [];

  constructor(now: number) {
    this.now = now;
  }

  /** At the same instant: in the order in which they were put down. */
  at(at: number, what: () => void): void {
    const due = Math.max(at, this.now);
    let place = this.#coming.length;
    while (place > 0 && (this.#coming[place - 1]?.at ?? 0) > due) place--;
    this.#coming.splice(place, 0, { at: due, what });
  }

  in(ms: number, what: () => void): void {
    this.at(this.now + ms, what);
  }

  /** Let the next thing happen; false when nothing will. */
  step(): boolean {
    const next = this.#coming.shift();
    if (next === undefined) return false;
    this.now = next.at;
    next.what();
    return true;
  }
}
