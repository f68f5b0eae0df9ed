import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { givenDoor, givenLimits, hello, linesOf, until } from './given.ts';
import { givenProvider, KEY, neverAnswers } from './provider.ts';

describe('bodies', () => {
  const limits = givenLimits({ model: { request: 64 * 1024 } });
  const large = (bytes: number) => JSON.stringify({ ...hello(), pad: 'x'.repeat(bytes) });

  test.each([66_000, 100_000, 1_000_000])('of %d bytes are too large', async (bytes) => {
    const given = await givenDoor({ limits });
    const answer = await given.ask('POST', '/v1/messages', large(bytes));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ error: { type: 'request_too_large' } });
    expect((await given.ask('GET', '/v1/models')).status).toBe(200);
  });

  test('without an end are cut', async () => {
    const given = await givenDoor({ limits });
    const endless = request({
      ...{ socketPath: given.socket, path: '/v1/messages', method: 'POST' },
      headers: { 'x-api-key': given.door.token },
    });
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const more = () => setImmediate(() => endless.destroyed || endless.write(chunk, more));
    more();
    const end = await new Promise((resolve) => {
      endless.on('response', (answer) => resolve(answer.statusCode));
      endless.on('error', () => resolve('cut'));
    });
    endless.destroy();
    expect([413, 'cut']).toContain(end);
    await until('it was refused', () => linesOf(given.traces, 'refused').length === 1);
    expect(linesOf(given.traces, 'refused')).toMatchObject([{ status: 413 }]);
  });

  test('that never come are given up', async () => {
    const given = await givenDoor({ limits: givenLimits({ model: { wall: 100 } }) });
    const status = await new Promise((resolve, reject) => {
      const slow = request({
        ...{ socketPath: given.socket, path: '/v1/messages', method: 'POST' },
        headers: { 'x-api-key': given.door.token, 'content-length': '100' },
      });
      slow.on('response', (answer) => resolve(answer.statusCode));
      slow.on('error', reject);
      slow.write('{"model":');
    });
    expect(status).toBe(408);
  });

  test('that are cut off leave the door whole', async () => {
    const given = await givenDoor();
    const socket = connect(given.socket);
    socket.on('error', () => {});
    const head = `POST /v1/messages HTTP/1.1\r\nhost: a\r\nx-api-key: ${given.door.token}\r\n`;
    await new Promise<void>((resolve) => {
      socket.write(`${head}content-length: 100\r\n\r\n{"mo`, () => resolve());
    });
    socket.destroy();
    await until('it was refused', () => linesOf(given.traces, 'refused').length === 1);
    expect((await given.client().messages.create(hello())).type).toBe('message');
  });

  test.each([
    ['no JSON', '{"model":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"hello"'],
    ['nothing', ''],
  ])('that are %s are refused in the shape of the API', async (_, body) => {
    const given = await givenDoor();
    for (const path of ['/v1/messages', '/v1/messages/count_tokens', '/report', '/messages']) {
      const answer = await given.ask('POST', path, body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
  });

  test('too many large ones at once are refused, and the room is given back', async () => {
    const stand = await givenProvider(neverAnswers);
    const models = { cheap: [stand.upstream()] };
    const given = await givenDoor({ limits, models, readKey: () => KEY });
    const stops = Array.from({ length: 4 }, () => new AbortController());
    const ask = (signal?: AbortSignal) =>
      fetch(`${given.url}/v1/messages`, {
        ...{ method: 'POST', body: large(60_000), signal: signal ?? null },
        headers: { 'x-api-key': given.door.token },
      });
    const held = stops.map((stop) => ask(stop.signal).catch(() => null));
    await until('four are out', () => stand.requests.length === 4);
    expect((await ask()).status).toBe(429);
    for (const stop of stops) stop.abort();
    await Promise.all(held);
    await until('they are settled', () => linesOf(given.traces, 'failed').length === 4);
    const again = ask().catch(() => null);
    await until('there is room again', () => stand.requests.length === 5);
    await given.door.close();
    await again;
  });
});
