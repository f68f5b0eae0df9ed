import type { DoorSummary, ReportedError } from '../model/run.ts';
import type { Answer } from './answer.ts';
import type { FaultOf } from './refusal.ts';
import type { Block } from './request.ts';

/** What a door has seen so far; becomes the run's `DoorSummary`. */
export interface Tally {
  /** A call got its answer to the end. */
  answered(answer: Answer, rehearsed: boolean): void;
  /** Tokens of a call, answered or not. */
  used(answer: Answer): void;
  /**
   * A call got no answer. One that is the run's own fault is not made good by an outage after it,
   * but by an answer; a call that the run itself gave up says less than the next one.
   */
  failed(by: FaultOf, message: string, gaveUp?: boolean): void;
  /** Tool results in a request: what the model called before has been answered by the runtime. */
  toolResults(blocks: Iterable<Block>): void;
  scriptFault(fault: string): void;
  error(error: ReportedError): void;
  /** False when no turn has begun that could end. */
  turn(event: 'begin' | 'end'): boolean;
  read(usd: number): DoorSummary;
}

const MOST_ERRORS = 20;
const MOST_CALLS = 1000;
const MOST_FAULTS = 50;

export function openTally(): Tally {
  const tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const turns = { begun: 0, ended: 0 };
  const calls: string[] = [];
  const errors: ReportedError[] = [];
  const scriptFaults: string[] = [];
  /** Tool uses that await their result: id -> name. */
  const open = new Map<string, string>();
  let steps = 0;
  let unrehearsed = 0;
  let lastFailure: DoorSummary['lastFailure'] = null;
  /** The last failure was the run's own doing. */
  let own = false;

  return {
    answered(answer, rehearsed) {
      steps += 1;
      if (!rehearsed) unrehearsed += 1;
      lastFailure = null;
      own = false;
      for (const call of answer.calls) {
        if (open.size < MOST_CALLS) open.set(call.id, call.name);
      }
    },
    used({ usage }) {
      tokens.input += usage.input;
      tokens.output += usage.output;
      tokens.cacheRead += usage.cacheRead;
      tokens.cacheWrite += usage.cacheWrite + usage.cacheWriteHour;
    },
    failed(by, message, gaveUp = false) {
      if (by === 'upstream' && own) return;
      own = (by === 'request' || by === 'script') && !gaveUp;
      lastFailure = { by, message };
    },
    toolResults(blocks) {
      for (const block of blocks) {
        if (block.type !== 'tool_result' || typeof block.tool_use_id !== 'string') continue;
        const name = open.get(block.tool_use_id);
        if (name === undefined) continue;
        open.delete(block.tool_use_id);
        if (calls.length < MOST_CALLS) calls.push(name);
      }
    },
    scriptFault(fault) {
      if (scriptFaults.length < MOST_FAULTS) scriptFaults.push(fault);
    },
    error(error) {
      errors.push(error);
      if (errors.length > MOST_ERRORS) errors.shift();
    },
    turn(event) {
      if (event === 'end' && turns.ended >= turns.begun) return false;
      turns[event === 'begin' ? 'begun' : 'ended'] += 1;
      return true;
    },
    read: (usd) => ({
      ...{ steps, usd, tokens: { ...tokens }, turns: { ...turns }, calls: [...calls] },
      ...{ errors: [...errors], lastFailure, scriptFaults: [...scriptFaults] },
      rehearsed: steps > 0 && unrehearsed === 0,
    }),
  };
}
