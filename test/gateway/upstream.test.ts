import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import { asks, givenAnswers, givenUpstreams } from './asking.ts';
import { givenLimits, hello, linesOf, until } from './given.ts';
import type { Behaviour } from './provider.ts';
import * as provider from './provider.ts';
import { givenProvider, KEY } from './provider.ts';

/** 100 in, 40 written, 200 read, 50 out, at the price of claude-sonnet-4-5. */
const USD = (100 * 3 + 40 * 3.75 + 200 * 0.3 + 50 * 15) / 1e6;

describe.each([
  { stream: false, answers: provider.says },
  { stream: true, answers: provider.streams },
])('a provider, stream: $stream', ({ stream, answers }) => {
  test('gets our key and its model name, and of the run only what it needs', async () => {
    const given = await givenAnswers([answers('Grüße 🚀 from the provider')]);
    const answer = await asks(given.client(), stream);
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Grüße 🚀 from the provider' }]);
    const [request] = given.stand.requests;
    expect(request).toMatchObject({ path: '/v1/messages', body: { model: 'claude-sonnet-4-5' } });
    expect(request?.headers['x-api-key']).toBe(KEY);
    expect(JSON.stringify(request)).not.toContain(given.door.token);
    const allowed = [
      ...['x-api-key', 'anthropic-version', 'content-type', 'accept'],
      ...['accept-encoding', 'content-length', 'host', 'connection'],
    ];
    expect(allowed).toEqual(expect.arrayContaining(Object.keys(request?.headers ?? {})));
  });

  test('is metered to the cent, cache reads and writes too', async () => {
    const given = await givenAnswers([answers('hi')]);
    await asks(given.client(), stream);
    const { usd, tokens, steps, rehearsed } = given.door.summary();
    expect(usd).toBeCloseTo(USD, 12);
    expect(tokens).toEqual({ input: 100, output: 50, cacheRead: 200, cacheWrite: 40 });
    expect({ steps, rehearsed }).toEqual({ steps: 1, rehearsed: false });
    const [line] = linesOf(given.traces, 'answer');
    expect(line).toMatchObject({
      text: 'hi',
      stop: 'end_turn',
      upstream: 'anthropic claude-sonnet-4-5',
    });
    expect(line?.usd).toBeCloseTo(USD, 12);
    expect(linesOf(given.traces, 'call')[0]?.reserved).toBeGreaterThan(256 * 15e-6);
  });

  test.each([
    [400, 'invalid_request_error', Anthropic.BadRequestError, 'request'],
    [401, 'authentication_error', Anthropic.AuthenticationError, 'upstream'],
    [404, 'not_found_error', Anthropic.NotFoundError, 'upstream'],
    [429, 'rate_limit_error', Anthropic.RateLimitError, 'upstream'],
    [500, 'api_error', Anthropic.InternalServerError, 'upstream'],
    [529, 'overloaded_error', Anthropic.InternalServerError, 'upstream'],
  ])(
    'its %d reaches the run as the SDK knows it, and costs nothing',
    async (status, type, kind, by) => {
      const refusal = provider.refuses(status, type, `no: ${KEY}`, { 'retry-after': '7' });
      const given = await givenAnswers([refusal]);
      const failed = await asks(given.client(), stream);
      expect(failed).toBeInstanceOf(kind);
      expect(failed).toMatchObject({ status, type, errorCode: 'upstream-failed' });
      expect(failed.apiMessage).toContain('no: [secret]');
      expect(failed.headers.get('retry-after')).toBe('7');
      const summary = given.door.summary();
      expect(summary).toMatchObject({ usd: 0, steps: 0, lastFailure: { by } });
      expect(JSON.stringify([summary, given.traces])).not.toContain(KEY);
    },
  );

  test('overload and rate limits pass by when the SDK tries again', async () => {
    const busy = provider.refuses(529, 'overloaded_error', 'busy', { 'retry-after-ms': '1' });
    const given = await givenAnswers([busy, busy, answers('at last')]);
    const answer = await asks(given.client({ maxRetries: 2 }), stream);
    expect(answer.content).toMatchObject([{ text: 'at last' }]);
    expect(given.door.summary()).toMatchObject({ steps: 1, lastFailure: null });
  });

  test.each<[string, Behaviour]>([
    ['hangs up', provider.hangsUp],
    ['has a fault', provider.refuses(500, 'api_error', 'broken')],
    ['has no more room', provider.refuses(429, 'rate_limit_error', 'slowly')],
    ['begins with an error', provider.beginsWithAnError],
  ])('the next in order is asked when one %s', async (_, behaviour) => {
    const [first, second] = [await givenProvider(behaviour), await givenProvider(answers('two'))];
    const given = await givenUpstreams([first, second]);
    const answer = await asks(given.client(), stream);
    expect(answer.content).toMatchObject([{ text: 'two' }]);
    expect(given.door.summary()).toMatchObject({ steps: 1, lastFailure: null });
    expect(linesOf(given.traces, 'failed')).toHaveLength(1);
  });

  test('the next is not asked when the request itself is refused', async () => {
    const no = await givenProvider(provider.refuses(400, 'invalid_request_error', 'no'));
    const second = await givenProvider(answers('two'));
    const given = await givenUpstreams([no, second]);
    expect(await asks(given.client(), stream)).toBeInstanceOf(Anthropic.BadRequestError);
    expect(second.requests).toHaveLength(0);
  });

  test('none can be reached: a structured error, and the upstream is at fault', async () => {
    const gone = (await givenProvider()).upstream({ url: 'http://127.0.0.1:9' });
    const given = await givenUpstreams([gone, gone]);
    const failed = await asks(given.client(), stream);
    expect(failed).toBeInstanceOf(Anthropic.InternalServerError);
    expect(failed).toMatchObject({ status: 502, errorCode: 'upstream-failed' });
    expect(failed.details.cause).toBe('ECONNREFUSED');
    expect(given.door.summary()).toMatchObject({ usd: 0, lastFailure: { by: 'upstream' } });
  });

  test('one that never answers is left after the wall clock, and may have billed', async () => {
    const limits = givenLimits({ model: { wall: 150 } });
    const given = await givenAnswers([provider.neverAnswers], { limits });
    const failed = await asks(given.client(), stream);
    expect(failed).toMatchObject({ status: 504, type: 'timeout_error' });
    const { usd, lastFailure } = given.door.summary();
    expect(lastFailure).toMatchObject({ by: 'upstream' });
    expect(usd).toBeCloseTo(linesOf(given.traces, 'call')[0]?.reserved ?? -1, 12);
    await until('the provider is hung up on', () => given.stand.hungUp === 1);
  });

  test('a run that hangs up ends the call at the provider, and it is counted', async () => {
    const given = await givenAnswers([provider.neverAnswers]);
    const stop = new AbortController();
    const asked = given.client().messages.create({ ...hello(), stream }, { signal: stop.signal });
    await until('the provider was asked', () => given.stand.requests.length === 1);
    stop.abort();
    await expect(asked).rejects.toBeInstanceOf(Anthropic.APIUserAbortError);
    await until('the provider is hung up on', () => given.stand.hungUp === 1);
    await until('the call is settled', () => linesOf(given.traces, 'failed').length === 1);
    expect(given.door.summary().usd).toBeGreaterThan(0);
    expect(given.door.summary().lastFailure).toMatchObject({ by: 'request' });
  });
});

describe('a stream that does not come to its end', () => {
  test('breaks off: the run hears an error, what was used is counted', async () => {
    const given = await givenAnswers([provider.breaksOff('a long answer that is never done', 4)]);
    const failed = await asks(given.client(), true);
    expect(failed).toBeInstanceOf(Anthropic.AnthropicError);
    await until('the call is settled', () => linesOf(given.traces, 'failed').length === 1);
    const { usd, tokens, lastFailure, steps } = given.door.summary();
    expect({ lastFailure: lastFailure?.by, steps }).toEqual({ lastFailure: 'upstream', steps: 0 });
    expect(tokens).toMatchObject({ input: 100, cacheRead: 200, cacheWrite: 40 });
    expect(tokens.output).toBeGreaterThanOrEqual(7);
    expect(usd).toBeCloseTo(USD - (50 - tokens.output) * 15e-6, 12);
  });

  test('falls silent: it ends with an error event at the wall clock', async () => {
    const limits = givenLimits({ model: { wall: 200 } });
    const given = await givenAnswers([provider.staysSilentAfter('silence', 3)], { limits });
    const answer = await given.ask('POST', '/v1/messages', { ...hello(), stream: true });
    const text = await answer.text();
    expect(text).toContain('event: message_start');
    expect(text).toMatch(/event: error\ndata: .*"timeout_error".*\n\n$/);
    expect(given.door.summary()).toMatchObject({ lastFailure: { by: 'upstream' } });
  });

  test('the run goes away in the middle: what was used is counted', async () => {
    const given = await givenAnswers([provider.staysSilentAfter('0123456789'.repeat(9), 11)]);
    const stream = await given.client().messages.create({ ...hello(), stream: true });
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    await until('the provider is hung up on', () => given.stand.hungUp === 1);
    await until('the call is settled', () => linesOf(given.traces, 'failed').length === 1);
    const { tokens, usd } = given.door.summary();
    expect(tokens.input).toBe(100);
    expect(tokens.output).toBeGreaterThan(3);
    expect(usd).toBeGreaterThan((100 * 3 + 40 * 3.75 + 200 * 0.3) / 1e6);
  });

  test('its bytes are passed on as they come, before it is done', async () => {
    const given = await givenAnswers([provider.staysSilentAfter('early words', 4)]);
    const stream = await given.client().messages.create({ ...hello(), stream: true });
    const seen: string[] = [];
    for await (const event of stream) {
      seen.push(event.type);
      if (seen.length === 4) break;
    }
    expect(seen.at(-1)).toBe('content_block_delta');
  });
});
