import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Coverage } from './coverage.ts';
import { mutate, randomOf } from './mutate.ts';

/** Something that reads what an agent wrote. */
export interface Target {
  name: string;
  /** Inputs to begin with: good ones, and those that once were trouble. */
  seeds: Buffer[];
  /** Words of its language. */
  words: readonly string[];
  /** Reads an input and checks what must hold; throws where it does not. */
  read(input: Buffer): void | Promise<void>;
}

export interface Told {
  name: string;
  inputs: number;
  seconds: number;
  /** Milliseconds of CPU of the slowest input, and that input. */
  slowest: number;
  slowestInput: Buffer;
  /** Blocks of the supervisor's code that ran, by the seeds alone and in the end. */
  blocks: { seeds: number; all: number };
  corpus: number;
  /** Bytes of heap after collection: after a tenth of the inputs, and at the end. */
  heap: { early: number; late: number };
}

/** Inputs that are run before coverage is looked at: a look costs more than most inputs. */
const together = 16;
/** Inputs that are kept because they reached something new. */
const mostKept = 2000;
const longestKept = 16_384;

/**
 * Fuzz a target: inputs are made of those that reached something new. The same seed makes the same
 * inputs as long as the code is the same. Rejects with the input that broke a promise.
 */
export async function fuzz(target: Target, inputs: number, seed: number): Promise<Told> {
  const random = randomOf(seed);
  const coverage = new Coverage('/supervisor/');
  const corpus = [...target.seeds];
  const run = new Runs(target);
  const began = performance.now();
  for (const one of target.seeds) await run.one(one);
  coverage.news();
  const seeds = coverage.reached;
  let early = 0;
  const pick = () => corpus[random(corpus.length)] as Buffer;
  while (run.count < inputs) {
    const batch = Array.from({ length: Math.min(together, inputs - run.count) }, () =>
      // What was found last is most worth changing.
      mutate(random(3) === 0 ? (corpus.at(-1) as Buffer) : pick(), pick(), target.words, random),
    );
    for (const one of batch) await run.one(one);
    // What waits for a turn of the event loop holds memory until then.
    await setImmediate();
    const fresh = coverage.news();
    if (fresh.size > 0 && corpus.length < mostKept) {
      // Which of them it was: each once more, alone.
      for (const one of batch) {
        await target.read(one);
        if (coverage.took(fresh) && one.length < longestKept) corpus.push(one);
      }
    }
    if (early === 0 && run.count >= inputs / 10) early = heapNow();
  }
  const seconds = (performance.now() - began) / 1000;
  const all = coverage.reached;
  coverage.close();
  const { count, slowest, slowestInput } = run;
  return {
    ...{ name: target.name, inputs: count, seconds, slowest, slowestInput },
    ...{ blocks: { seeds, all }, corpus: corpus.length, heap: { early, late: heapNow() } },
  };
}

class Runs {
  count = 0;
  slowest = 0;
  slowestInput: Buffer = Buffer.alloc(0);
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  async one(input: Buffer): Promise<void> {
    const before = process.cpuUsage();
    try {
      await this.#target.read(input);
    } catch (error) {
      const shown = input.length > 2000 ? `${input.length} bytes, ` : '';
      const text = `${shown}base64 ${input.toString('base64').slice(0, 4000)}`;
      throw new Error(`${this.#target.name}, input ${this.count}: ${text}`, { cause: error });
    }
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    this.count += 1;
    if (ms <= this.slowest) return;
    this.slowest = ms;
    this.slowestInput = input;
  }
}

/** Bytes of heap in use after everything that can go is gone. */
function heapNow(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
