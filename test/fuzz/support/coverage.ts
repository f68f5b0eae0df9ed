import { Session } from 'node:inspector';

/** What ran since the last look, as V8 counts it: no instrumented code, no package. */
export class Coverage {
  readonly #session = new Session();
  readonly #inside: string;
  /** Every block of the code looked at, and whether it ever ran. */
  readonly #blocks = new Map<string, boolean>();

  /** `inside`: a part of the paths of the scripts that count. */
  constructor(inside: string) {
    this.#inside = inside;
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Blocks that ran since the last look and never before. */
  news(): Set<string> {
    const fresh = new Set<string>();
    for (const [block, ran] of this.#looked()) {
      const before = this.#blocks.get(block);
      if (ran && before !== true) fresh.add(block);
      if (before !== true) this.#blocks.set(block, ran);
    }
    return fresh;
  }

  /** Whether one of these ran since the last look; they are left out from then on. */
  took(wanted: Set<string>): boolean {
    let some = false;
    for (const [block, ran] of this.#looked()) if (ran && wanted.delete(block)) some = true;
    return some;
  }

  /** Blocks that ran at least once. */
  get reached(): number {
    return [...this.#blocks.values()].filter((ran) => ran).length;
  }

  close(): void {
    this.#session.disconnect();
  }

  *#looked(): Generator<[block: string, ran: boolean]> {
    for (const { url, functions } of this.#take()) {
      if (!url.includes(this.#inside)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          yield [`${url}:${startOffset}-${endOffset}`, count > 0];
        }
      }
    }
  }

  #take(): Script[] {
    return (this.#post('Profiler.takePreciseCoverage') as { result: Script[] }).result;
  }

  /** The session answers within the call: it is this very thread's. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }
}

interface Script {
  url: string;
  functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[];
}
