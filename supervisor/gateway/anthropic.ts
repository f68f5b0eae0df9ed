import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { redacted } from '../host/secrets.ts';
import { jsonOrNull } from '../model/json.ts';
import type { Upstream } from '../model/policy.ts';
import { innermost, reasonOf } from '../model/reason.ts';
import type { AnswerReader } from './answer.ts';
import { answerReader } from './answer.ts';
import type { Call } from './call.ts';
import type { Desk } from './desk.ts';
import { priceOf } from './price.ts';
import { withoutSecrets } from './redact.ts';
import { Refusal } from './refusal.ts';
import { relayStream } from './relay.ts';
import type { Ending, Source } from './source.ts';
import { callEnded, upstreamRefusal } from './upstream.ts';
import { NoAnswer, post, readAll, readSome } from './wire-out.ts';

export type Provider = Exclude<Upstream, { provider: 'rehearsal' }>;

/** Of the run's headers these alone go on to the provider. */
const passedOn = ['anthropic-version', 'anthropic-beta', 'content-type', 'accept'];
/** Of the provider's headers these alone go back to the run. */
const passedBack = [
  'content-type',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
];
/** Bytes of an answer that is not streamed. */
const LONGEST_ANSWER = 32 * 1024 * 1024;
const LONGEST_ERROR = 256 * 1024;

/** A provider that speaks the Messages API: passed through, metered, with the host's key. */
export function anthropicSource(desk: Desk, upstream: Provider): Source {
  const price = priceOf(upstream);
  return {
    name: `anthropic ${upstream.model}`,
    price,
    rehearsed: false,
    ready(call) {
      const out = outgoing(desk, upstream, call.headers, call.body, '/v1/messages');
      return () => take(desk, call, () => post({ ...out, signal: call.signal }));
    },
  };
}

/** What goes out: our key, the upstream's model name, a few headers. Throws a Refusal. */
export function outgoing(
  desk: Desk,
  upstream: Provider,
  from: IncomingHttpHeaders,
  body: Record<string, unknown>,
  path: string,
) {
  const headers: Record<string, string> = { 'x-api-key': keyOf(desk, upstream) };
  for (const name of passedOn) {
    const value = from[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const text = JSON.stringify({ ...body, model: upstream.model });
  return {
    url: new URL(upstream.url.replace(/\/+$/, '') + path),
    headers,
    body: Buffer.from(text),
  };
}

function keyOf(desk: Desk, upstream: Provider): string {
  try {
    const key = desk.options.readKey(upstream.keyFile).trim();
    if (key === '') throw new Error('the file is empty');
    desk.redact.hide(key);
    return key;
  } catch (error) {
    throw new Refusal('host-failed', {
      type: 'api_error',
      by: 'host',
      message: `the key of upstream ${upstream.provider} ${upstream.model} cannot be read`,
      step: 'gateway upstream',
      cause: desk.redact.clean(reasonOf(error, 'gateway upstream').message),
    });
  }
}

async function take(desk: Desk, call: Call, send: () => Promise<IncomingMessage>): Promise<Ending> {
  const reader = answerReader();
  try {
    const answer = await send();
    const status = answer.statusCode ?? 0;
    if (status !== 200) return await refused(desk, call, answer);
    const headers = backHeaders(answer.headers);
    if (/^text\/event-stream/.test(headers['content-type'] ?? '')) {
      return await relayStream(call, answer, headers, reader);
    }
    return await whole(call, answer, headers, reader);
  } catch (error) {
    return broken(call, error, reader);
  }
}

/** Of a provider's noes, another one may do better where it is not about the request. */
async function refused(desk: Desk, call: Call, answer: IncomingMessage): Promise<Ending> {
  const status = answer.statusCode ?? 0;
  const body = await readSome(answer, LONGEST_ERROR);
  const headers = backHeaders(answer.headers);
  const refusal = callEnded(call) ?? upstreamRefusal(status, body.toString(), headers, desk.redact);
  const next = (status >= 500 || status === 429) && !call.signal.aborted;
  return { kind: 'failed', refusal, next, cost: 'nothing', answer: null };
}

async function whole(
  call: Call,
  answer: IncomingMessage,
  headers: Record<string, string>,
  reader: AnswerReader,
): Promise<Ending> {
  const told = await readAll(answer, LONGEST_ANSWER);
  const message = jsonOrNull(told.toString());
  // Not in the parser's own words: they repeat a part of the text, half a key say.
  if (message === null) throw new Error('the answer is no JSON');
  const clean = withoutSecrets(message);
  const body = Buffer.from(clean.text);
  reader.message(clean.value);
  call.response.writeHead(200, { ...headers, 'content-length': String(body.length) });
  call.response.end(body);
  return { kind: 'answered', answer: reader.read() };
}

/** The connection failed, or the call was ended, before anything went back to the run. */
function broken(call: Call, error: unknown, reader: AnswerReader): Ending {
  const sent = !(error instanceof NoAnswer) || error.sent;
  const cost = sent ? 'held' : 'nothing';
  const answer = reader.read();
  const ended = callEnded(call);
  if (ended) return { kind: 'failed', refusal: ended, next: false, cost, answer };
  const refusal = new Refusal('upstream-failed', {
    type: 'api_error',
    status: 502,
    by: 'upstream',
    message: sent ? 'the model provider broke off' : 'the model provider cannot be reached',
    step: 'gateway upstream',
    expected: 'an answer of the model provider',
    cause: error instanceof NoAnswer ? (error.code ?? innermost(error)) : innermost(error),
  });
  return { kind: 'failed', refusal, next: true, cost, answer };
}

function backHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const back: Record<string, string> = {};
  for (const name of passedBack) {
    const value = headers[name];
    if (typeof value === 'string') back[name] = redacted(value);
  }
  return back;
}
