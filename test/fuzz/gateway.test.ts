import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { givenDoor, hello, linesOf, type OpenDoor } from '../gateway/given.ts';
import { fuzz, type Target } from './support/guided.ts';
import { tell } from './support/told.ts';

/*
 * Whatever bytes a run sends to its door: each answer is one that the gateway means to give, no
 * fault is taken for the host's (it would excuse the run), and the door goes on serving.
 */
const inputs = Math.ceil(Number(process.env.AIRLOCK_FUZZ ?? 3600) / 9);
const seed = Number(process.env.SEED ?? 1);

/** Sends bytes, ends, and gives all that comes back until the door ends the connection. */
function exchange(socket: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const all: Buffer[] = [];
    const connection = connect({ path: socket, allowHalfOpen: true });
    const late = setTimeout(() => {
      connection.destroy();
      reject(new Error(`no end of an answer: ${Buffer.concat(all).toString('latin1')}`));
    }, 20_000);
    connection.on('data', (data) => all.push(data));
    connection.on('error', () => undefined);
    connection.on('close', () => {
      clearTimeout(late);
      resolve(Buffer.concat(all).toString('latin1'));
    });
    connection.on('end', () => connection.end());
    connection.end(bytes);
  });
}

const raw = (method: string, path: string, body: object | null, token: string) => {
  const said = body === null ? '' : JSON.stringify(body);
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: ${token}\r\n` +
      'anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n' +
      `content-length: ${Buffer.byteLength(said)}\r\nconnection: close\r\n\r\n${said}`,
  );
};

const tools = [{ name: 'complete_task', input_schema: { type: 'object' } }];
const use = { type: 'tool_use', id: 'a', name: 'complete_task', input: { id: 'x' } };
const result = { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'ok' }] };
const talk = [
  { role: 'user', content: 'Open task: x' },
  { role: 'assistant', content: [use] },
  { role: 'user', content: [result] },
];

function seeds(token: string): Buffer[] {
  const chunked = raw('POST', '/report', null, token)
    .toString()
    .replace('content-length: 0', 'transfer-encoding: chunked');
  const error = { type: 'error', message: 'no', step: 's', input: {}, causes: ['a', { b: 1 }] };
  return [
    raw('POST', '/v1/messages', { ...hello(), tools, messages: talk }, token),
    raw('POST', '/v1/messages', { ...hello(), stream: true, system: [], tools }, token),
    raw('POST', '/v1/messages/count_tokens', { model: 'cheap', messages: talk }, token),
    raw('GET', '/v1/models/cheap%20', null, token),
    raw('POST', '/report', error, token),
    raw('POST', '/report', { type: 'turn', event: 'begin' }, token),
    raw('POST', '/messages', { to: 'scout', kind: 'task', title: 't' }, token),
    raw('POST', '/guard', {}, token),
    Buffer.from(`${chunked}7\r\n{"type"\r\n8\r\n:"step"}\r\n0\r\n\r\n`),
  ];
}

const words = [
  ...['"tools":', '"messages":', '"role":"user"', '"content":[', '{"type":"text","text":"x"}'],
  ...['"type":"constructor"', '"tool_use_id":"a"', '"stream":true', '"max_tokens":1', '"system":'],
  ...['GET ', 'POST ', ' HTTP/1.1\r\n', 'transfer-encoding: chunked\r\n', 'expect: 100-continue'],
  ...['content-length: 5\r\n', '\r\n\r\n', '/v1/messages', '/report', '{"a":', '[{"type":'],
];

/** With the length of the body made right again, mostly: else bodies would seldom be read. */
function sized(input: Buffer): Buffer {
  const end = input.indexOf('\r\n\r\n');
  if (end < 0 || (input[0] ?? 0) % 5 === 4) return input;
  const head = input.toString('latin1', 0, end);
  const length = `content-length: ${input.length - end - 4}`;
  const mended = head.replace(/content-length: \d+/, length);
  return Buffer.concat([Buffer.from(mended, 'latin1'), input.subarray(end)]);
}

function gateway({ door, socket, traces, mails }: OpenDoor): Target {
  const known = new Set([
    ...[100, 200, 202, 400, 401, 403, 404, 408, 413, 417, 429, 431, 501, 503],
  ]);
  return {
    name: 'gateway, raw HTTP',
    seeds: seeds(door.token),
    words,
    read: async (input) => {
      const answer = await exchange(socket, sized(input));
      for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d+)/gm)) {
        expect(known, answer.slice(0, 2000)).toContain(Number(status));
      }
      const refused = linesOf(traces, 'refused').filter(({ code }) => code === 'internal');
      expect(refused).toEqual([]);
      expect(linesOf(traces, 'failed').filter(({ by }) => by === 'host')).toEqual([]);
      expect(mails.every((mail) => mail.from === 'maker')).toBe(true);
      traces.length = 0;
      mails.length = 0;
    },
  };
}

test('bytes that a run sends: no crash, no hang, no growth', { timeout: 7_200_000 }, async () => {
  const open = await givenDoor();
  const told = await fuzz(gateway(open), inputs, seed);
  tell(told);
  expect(told.slowest, told.slowestInput.toString('base64').slice(0, 4000)).toBeLessThan(2000);
  expect(told.heap.late - told.heap.early).toBeLessThan(16 * 1024 * 1024);
  const { status } = await open.ask('POST', '/v1/messages', hello());
  expect(status).toBe(200);
});
