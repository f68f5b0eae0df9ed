import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import { doorEnvironment, openDoor } from '../../supervisor/gateway/door.ts';
import { givenDoor, givenLimits, givenRun, hello, linesOf, until } from './given.ts';
import { givenProvider, KEY, staysSilentAfter } from './provider.ts';

describe('the token', () => {
  test("another run's token opens nothing", async () => {
    const [given, other] = [await givenDoor(), await givenDoor()];
    const client = given.client({ apiKey: other.door.token });
    const failed = await client.messages.create(hello()).catch((error) => error);
    expect(failed).toBeInstanceOf(Anthropic.AuthenticationError);
    expect(failed).toMatchObject({ type: 'authentication_error', errorCode: 'gateway-token' });
    expect(given.door.summary().steps).toBe(0);
  });

  test('works as a bearer too', async () => {
    const given = await givenDoor();
    const headers = { authorization: `Bearer ${given.door.token}` };
    expect((await fetch(`${given.url}/v1/models`, { headers })).status).toBe(200);
  });

  test.each([
    ['GET', '/v1/models', null, 401],
    ['GET', '/v1/models', '', 401],
    ['POST', '/v1/messages', null, 401],
    ['POST', '/v1/chat/completions', null, 401],
    ['POST', '/report', null, 200],
    ['POST', '/report', 'wrong', 401],
    ['POST', '/messages', null, 202],
    ['POST', '/messages', 'wrong', 401],
    ['POST', '/guard', 'wrong', 401],
  ])('%s %s with token %j: %d', async (method, path, token, status) => {
    const given = await givenDoor();
    const body = { to: 'scout', kind: 'message', type: 'progress' };
    const answer = await given.ask(method, path, method === 'GET' ? undefined : body, token);
    expect(answer.status).toBe(status);
  });

  test('two tokens of which one is wrong are refused', async () => {
    const given = await givenDoor();
    const headers = { 'x-api-key': given.door.token, authorization: 'Bearer wrong' };
    expect((await fetch(`${given.url}/v1/models`, { headers })).status).toBe(401);
  });
});

describe('places', () => {
  test.each([
    ['POST', '/guard', 501, 'gateway-place'],
    ['POST', '/guard/17', 501, 'gateway-place'],
    ['GET', '/', 404, 'gateway-route'],
    ['GET', '/v1/messages', 404, 'gateway-route'],
    ['POST', '/__proto__', 404, 'gateway-route'],
    ['DELETE', '/report', 404, 'gateway-route'],
    ['POST', '/v1/messages/batches', 404, 'gateway-route'],
  ])('%s %s answers %d with a reason', async (method, path, status, code) => {
    const given = await givenDoor();
    const answer = await given.ask(method, path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: {
        details: { error_code: code, code, hint: expect.any(String), step: expect.any(String) },
      },
    });
    expect(linesOf(given.traces, 'refused')).toMatchObject([{ status, code }]);
  });

  test.each(['/v1/chat/completions', '/v1/responses'])('%s has the other shape', async (path) => {
    const given = await givenDoor();
    const answer = await given.ask('POST', path, {});
    expect(answer.status).toBe(501);
    expect(await answer.json()).toMatchObject({
      error: { message: expect.any(String), code: 'gateway-place', param: null },
    });
  });
});

describe('the door', () => {
  test('200 calls at once, streamed and not, are all answered and counted', async () => {
    const script = Array.from({ length: 200 }, (_, index) => ({ say: `answer ${index}` }));
    const given = await givenDoor({ script });
    const client = given.client();
    const asked = script.map(async (_, index) => {
      const messages = [{ role: 'user' as const, content: `question ${index}` }];
      const answer = await (index % 2 === 0
        ? client.messages.create({ ...hello(), messages })
        : client.messages.stream({ ...hello(), messages }).finalMessage());
      return answer.content[0]?.type === 'text' ? answer.content[0].text : '';
    });
    expect(new Set(await Promise.all(asked)).size).toBe(200);
    expect(given.door.summary()).toMatchObject({ steps: 200, lastFailure: null, scriptFaults: [] });
  });

  test('closes at once, whatever is under way, counts it, and may be closed twice', async () => {
    const silent = await givenProvider(staysSilentAfter('some words', 4));
    const models = { cheap: [silent.upstream()] };
    const given = await givenDoor({ models, readKey: () => KEY });
    const stream = await given.client().messages.create({ ...hello(), stream: true });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of stream) seen.push(event.type);
    })().catch(() => 'broken');
    const slow = connect(given.socket);
    slow.on('error', () => {});
    const auth = `x-api-key: ${given.door.token}`;
    slow.write(`POST /v1/messages HTTP/1.1\r\nhost: a\r\n${auth}\r\ncontent-length: 9\r\n\r\n{`);
    await until('the stream has begun', () => seen.includes('content_block_delta'));
    const begun = performance.now();
    await Promise.all([given.door.close(), given.door.close()]);
    expect(performance.now() - begun).toBeLessThan(3000);
    await reading;
    expect(given.door.summary()).toMatchObject({ tokens: { input: 100 }, steps: 0 });
    expect(given.door.summary().usd).toBeGreaterThan(0);
    await expect(stat(given.socket)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(given.ask('GET', '/v1/models')).rejects.toThrow();
  });

  test("its socket is open to the run's user", async () => {
    const given = await givenDoor();
    expect((await stat(given.socket)).mode & 0o666).toBe(0o666);
  });

  test('that cannot listen says so', async () => {
    const given = await givenDoor();
    const options = {
      ...{ run: givenRun(), socket: given.socket, models: {}, script: [], usdLimit: null },
      ...{ halted: () => null, deliver: () => null, trace: () => {}, readKey: () => '' },
      ...{ limits: givenLimits(), now: Date.now },
    };
    await expect(openDoor(options)).rejects.toMatchObject({
      reason: {
        code: 'host-failed',
        input: given.socket,
        cause: expect.stringContaining('EADDRINUSE'),
      },
    });
  });

  test('noise that is no HTTP does it no harm', async () => {
    const given = await givenDoor();
    const socket = connect(given.socket);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.resume();
    socket.write('\u0000\u0001 this is not HTTP\r\n\r\n');
    await closed;
    expect((await given.client().messages.create(hello())).type).toBe('message');
  });

  test('the environment of a run names it by the contract', () => {
    expect(doorEnvironment('t', 81)).toEqual({
      AIRLOCK_GATEWAY: 'http://127.0.0.1:81',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:81',
      OPENAI_BASE_URL: 'http://127.0.0.1:81/v1',
      ANTHROPIC_API_KEY: 't',
      OPENAI_API_KEY: 't',
    });
  });
});
