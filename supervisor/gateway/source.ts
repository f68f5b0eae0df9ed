import type { Upstream } from '../model/policy.ts';
import type { Answer } from './answer.ts';
import { answerReader, noUsage } from './answer.ts';
import { anthropicSource } from './anthropic.ts';
import type { Call } from './call.ts';
import type { Desk } from './desk.ts';
import { plausibleTurn } from './plausible.ts';
import type { Price } from './price.ts';
import { costOf, priceOf } from './price.ts';
import { Refusal } from './refusal.ts';
import type { Script } from './rehearsal.ts';
import type { SpokenMessage } from './speak.ts';
import { composeMessage, countTokens, speak } from './speak.ts';
import { judgeRequest } from './strict.ts';

/** How one try to get an answer ended. */
export type Ending =
  | { kind: 'answered'; answer: Answer }
  | {
      kind: 'failed';
      refusal: Refusal;
      /** Nothing has been sent to the client: the next in order may try. */
      next: boolean;
      /** What it cost: nothing, what the answer so far used, or, unknown, all that was held. */
      cost: 'nothing' | 'used' | 'held';
      answer: Answer | null;
    };

/** Who may answer a call. */
export interface Source {
  /** As the trace names it. */
  name: string;
  price: Price;
  rehearsed: boolean;
  /** All that comes before the call; throws a Refusal. What it gives back makes the call. */
  ready(call: Call): () => Promise<Ending>;
}

/** Who is asked, in order: the script alone where there is one, else the policy's upstreams. */
export function sourcesOf(desk: Desk, call: Call): Source[] {
  if (desk.script) return [scripted(desk.script)];
  return call.upstreams.map((upstream) => {
    if (upstream.provider === 'anthropic') return anthropicSource(desk, upstream);
    return upstream.provider === 'openai' ? notYet(upstream) : keyless(upstream);
  });
}

function scripted(script: Script): Source {
  return {
    name: 'script',
    price: priceOf({ provider: 'rehearsal' }),
    rehearsed: false,
    ready: (call) => rehearsed(call, () => script.answer(call.bytes, call.body)),
  };
}

function keyless(upstream: Upstream): Source {
  return {
    name: 'rehearsal',
    price: priceOf(upstream),
    rehearsed: true,
    ready: (call) =>
      rehearsed(call, () => {
        const tokens = countTokens(call.bytes.toString());
        return composeMessage(plausibleTurn(call.body), call.body.model, tokens);
      }),
  };
}

function rehearsed(call: Call, compose: () => SpokenMessage): () => Promise<Ending> {
  judgeRequest(call.body, call.headers['anthropic-version']);
  return async () => {
    try {
      const message = compose();
      speak(call.response, message, call.stream);
      return { kind: 'answered', answer: heard(message) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { kind: 'failed', refusal: error, next: false, cost: 'nothing', answer: null };
    }
  };
}

function heard(message: SpokenMessage): Answer {
  const reader = answerReader();
  const { model, content, stop: stop_reason, tokens } = message;
  const usage = { ...noUsage, input_tokens: tokens.input, output_tokens: tokens.output };
  reader.message({ model, content, stop_reason, usage });
  return reader.read();
}

function notYet({ provider }: Upstream): Source {
  return {
    name: provider,
    price: priceOf({ provider: 'rehearsal' }),
    rehearsed: false,
    ready: () => {
      throw new Refusal('gateway-place', {
        type: 'api_error',
        status: 501,
        by: 'host',
        message: `upstreams of provider "${provider}" are not served yet`,
        step: 'gateway upstream',
        input: provider,
        headers: { 'x-should-retry': 'false' },
      });
    },
  };
}

/** A byte is seldom more than a third of a token. */
const BYTES_A_TOKEN = 3;
/** Searches that a call may make when it does not say. */
const SEARCHES = 10;

/** The most that a call is expected to cost, in USD: its size and `max_tokens` at list price. */
export function estimate(call: Call, price: Price): number {
  const input = Math.ceil(call.bytes.length / BYTES_A_TOKEN);
  const cached = call.bytes.includes('"cache_control"');
  const tools = Array.isArray(call.body.tools) ? call.body.tools : [];
  const searches = tools
    .filter((tool) => /^web_search_/.test(String(tool?.type)))
    .reduce((sum, tool) => sum + (Number(tool?.max_uses) || SEARCHES), 0);
  const usage = {
    ...noUsage,
    ...(cached ? { cacheWriteHour: input } : { input }),
    ...{ output: call.body.max_tokens, searches },
  };
  return costOf(usage, price, call.factor);
}
