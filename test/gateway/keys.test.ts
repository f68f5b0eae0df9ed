import { describe, expect, test } from 'vitest';
import { asks, givenAnswers, givenUpstreams } from './asking.ts';
import { givenDoor, hello } from './given.ts';
import type { Behaviour } from './provider.ts';
import * as provider from './provider.ts';
import { givenProvider, KEY } from './provider.ts';

describe('keys and places', () => {
  test('a key that cannot be read is the fault of the host; the next is asked', async () => {
    const [first, second] = [await givenProvider(), await givenProvider(provider.says('two'))];
    const readKey = (file: string) => {
      if (file === 'second.key') return KEY;
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    };
    const models = { cheap: [first.upstream(), second.upstream({ keyFile: 'second.key' })] };
    const given = await givenDoor({ models, readKey });
    expect((await asks(given.client(), false)).content).toMatchObject([{ text: 'two' }]);
    expect(first.requests).toHaveLength(0);
    const alone = await givenDoor({ models: { cheap: [first.upstream()] }, readKey });
    const failed = await asks(alone.client(), false);
    expect(failed).toMatchObject({ status: 500, errorCode: 'host-failed' });
    expect(alone.door.summary().lastFailure).toMatchObject({ by: 'host' });
  });

  test('a planted secret is in no trace and no summary, whatever repeats it', async () => {
    // A text is cut after 2,000 characters: here in the middle of the secret.
    const cutInside = (secret: string) => secret + 'x'.repeat(1985 - secret.length) + secret;
    const given = await givenAnswers([provider.says(cutInside(KEY))]);
    const content = cutInside(given.door.token);
    await given.client().messages.create({ ...hello(), messages: [{ role: 'user', content }] });
    const report = { type: 'error', message: KEY, causes: [given.door.token] };
    expect((await given.ask('POST', '/report', report)).status).toBe(200);
    await given.ask('POST', '/v1/messages', { ...hello(), messages: given.door.token });
    await given.ask('POST', '/v1/messages', { ...hello(), tools: [{ type: given.door.token }] });
    const shown = JSON.stringify([given.traces, given.door.summary()]);
    expect(given.door.summary().errors).toMatchObject([{ message: '[secret]' }]);
    expect(given.door.summary().lastFailure?.message).toContain('[secret]');
    for (const secret of [KEY, given.door.token]) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(secret.slice(0, 12));
    }
  });

  test("upstreams of OpenAI's kind have their place and say so", async () => {
    const other = {
      provider: 'openai' as const,
      url: 'http://127.0.0.1:9',
      model: 'm',
      keyFile: 'k',
    };
    const given = await givenUpstreams([other]);
    expect(await asks(given.client(), false)).toMatchObject({
      status: 501,
      errorCode: 'gateway-place',
    });
  });

  test('the rehearsal may stand last, and a run is rehearsed only if all of it was', async () => {
    const once = [provider.says('real'), provider.hangsUp];
    const stand = await givenProvider(...once);
    const given = await givenUpstreams([stand, { provider: 'rehearsal' }]);
    await asks(given.client(), false);
    const second = await asks(given.client(), true);
    expect(second.content).toMatchObject([{ type: 'text' }]);
    expect(given.door.summary()).toMatchObject({ steps: 2, rehearsed: false });
  });

  test('tokens are counted by the provider, and estimated when it does not answer', async () => {
    const counts: Behaviour = (response) => response.end('{"input_tokens": 4711}');
    const given = await givenAnswers([counts, provider.hangsUp]);
    const { messages, model } = hello();
    const count = () => given.client().messages.countTokens({ messages, model });
    expect((await count()).input_tokens).toBe(4711);
    expect((await count()).input_tokens).toBeLessThan(100);
    expect(given.stand.requests[0]).toMatchObject({
      ...{ path: '/v1/messages/count_tokens', body: { model: 'claude-sonnet-4-5' } },
    });
    expect(given.door.summary().usd).toBe(0);
  });
});
