import { createHash } from 'node:crypto';
import type { ScriptTurn } from '../model/scenario.ts';
import { Refusal } from './refusal.ts';
import { toolsOffered } from './request.ts';
import type { SpokenMessage, Utterance } from './speak.ts';
import { composeMessage, countTokens } from './speak.ts';

/** The rehearsal model's side of a conversation, as a scenario writes it. */
export interface Script {
  /**
   * The answer to a request: the n-th distinct one gets turn n, and the same bytes the same
   * answer. Throws a Refusal, the same one to a retry, when the script does not fit.
   */
  answer(bytes: Buffer, body: Record<string, unknown>): SpokenMessage;
}

/** Requests beyond the script whose answers are kept for a retry. */
const MOST_BEYOND = 1000;

/** `onFault` hears of each misfit once. */
export function openScript(turns: ScriptTurn[], onFault: (fault: string) => void): Script {
  const given = new Map<string, SpokenMessage | Refusal>();
  let next = 0;

  function take(bytes: Buffer, body: Record<string, unknown>): SpokenMessage | Refusal {
    const turn = turns[next];
    next += 1;
    if (turn === undefined) return fault(beyond(next, turns.length), turns.length);
    const utterances = utterancesOf(turn);
    const offered = toolsOffered(body.tools);
    for (const each of utterances) {
      if ('tool' in each && !offered.includes(each.tool)) {
        return fault(notOffered(next, each.tool, offered), turns.length);
      }
    }
    return composeMessage(utterances, String(body.model), countTokens(bytes.toString()));
  }
  function fault(message: string, length: number): Refusal {
    onFault(message);
    return new Refusal('gateway-script', {
      type: 'invalid_request_error',
      by: 'script',
      message,
      step: `rehearsal turn ${next}`,
      expected: `a conversation that fits the ${length} turns of the script`,
      actual: message,
      headers: { 'x-should-retry': 'false' },
    });
  }

  return {
    answer(bytes, body) {
      const key = createHash('sha256').update(bytes).digest('base64');
      const answer = given.get(key) ?? take(bytes, body);
      if (given.size < turns.length + MOST_BEYOND) given.set(key, answer);
      if (answer instanceof Refusal) throw answer;
      return answer;
    },
  };
}

function utterancesOf(turn: ScriptTurn): Utterance[] {
  const words = turn.say === undefined ? [] : [{ say: turn.say }];
  return 'call' in turn ? [...words, ...[turn.call].flat()] : words;
}

function beyond(asked: number, length: number): string {
  return `request ${asked} is beyond the script, which has ${length} turns`;
}

function notOffered(turn: number, tool: string, offered: string[]): string {
  const list = offered.length > 0 ? offered.join(', ') : 'none';
  const what = `turn ${turn} of the script calls tool "${tool}"`;
  return `${what}, which the request does not offer (offered: ${list})`;
}
