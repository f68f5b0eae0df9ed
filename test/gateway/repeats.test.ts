import { expect, test } from 'vitest';
import { Scan } from '../secrets/support/scan.ts';
import { givenAnswers } from './asking.ts';
import { hello } from './given.ts';
import { type Behaviour, KEY, refuses, says, streams } from './provider.ts';

/** An answer whose bytes are exactly these. */
const raw =
  (type: string, body: string): Behaviour =>
  (response) =>
    response.writeHead(200, { 'content-type': type }).end(body);
const json = 'application/json';
const events = 'text/event-stream';
const bytes = Buffer.from(KEY);
const hex = bytes.toString('hex');
const percent = hex.replace(/../g, '%$&');
const escaped = [...KEY].map((sign) => `\\u00${Buffer.from(sign).toString('hex')}`).join('');
const about = '"type":"message","model":"m","usage":{"input_tokens":1,"output_tokens":1}';
const ends =
  'data: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":1}}}\n\n' +
  'data: {"type":"message_delta","usage":{"output_tokens":1}}\n\ndata: {"type":"message_stop"}\n\n';

const ways: [string, Behaviour][] = [
  ['as it is', says(KEY)],
  ['in base64', says(bytes.toString('base64'))],
  ['in the middle of base64', says(Buffer.from(`x ${KEY} y`).toString('base64url'))],
  ['as hex', says(hex)],
  ['as HEX', says(hex.toUpperCase())],
  ['percent-encoded', says(`${percent} ${percent.toUpperCase()}`)],
  ['in a header', (response) => response.writeHead(429, { 'request-id': KEY }).end('no')],
  ['as the name of a field', says('x', { [KEY]: 1 })],
  ['as JSON in JSON', says(JSON.stringify({ key: KEY }))],
  ['in escapes', raw(json, `{${about},"content":[{"type":"text","text":"${escaped}"}]}`)],
  ['where a name stands twice', raw(json, `{"content":"${KEY}",${about},"content":[]}`)],
  ['so, in escapes', raw(json, `{"content":"${escaped}",${about},"content":[]}`)],
  ['as no JSON', raw(json, `${KEY} is your key`)],
  ['as no JSON, later', raw(json, `{"a": 1} ${KEY}`)],
  ['in a stream, cut', streams(`your key is ${KEY}.`)],
  ['in a stream, cut and encoded', streams(`${bytes.toString('base64')} ${hex} ${percent}`)],
  ['as an event’s name', raw(events, `event: ${KEY}\ndata: {"type":"ping"}\n\n${ends}`)],
  ['in a comment of a stream', raw(events, `: ${KEY}\nid: ${KEY}\nretry: 1\n\n${ends}`)],
  ['as data that is no JSON', raw(events, `data: ${KEY}\n\n${ends}`)],
  ['as data that is no object', raw(events, `data: ["${escaped}"]\n\n${ends}`)],
  ['twice in an event', raw(events, `data: {"type":"ping","a":"${escaped}","a":1}\n\n${ends}`)],
  ['in an error', refuses(400, 'invalid_request_error', KEY)],
  ['in an error that is no JSON', (response) => response.writeHead(500).end(`<p>${KEY}</p>`)],
  ['in an error’s type', refuses(400, KEY, 'no')],
];

/** What a run gets of it: headers and body, as they come and as they are read. */
test.each(ways)('a key that a provider repeats %s reaches no run and no trace', async (_, way) => {
  const given = await givenAnswers([way]);
  const response = await given.ask('POST', '/v1/messages', { ...hello(), stream: true });
  const body = await response.text();
  const read = body.split('\n').map((one) => {
    try {
      return JSON.stringify(JSON.parse(one.replace(/^data: /, '')));
    } catch {
      return one;
    }
  });
  const texts = [...body.matchAll(/"text":"([^"]*)"/g)].map(([, text]) => text).join('');
  const scan = new Scan({ key: KEY, begins: KEY.slice(0, 10) });
  scan.look('the answer', `${JSON.stringify([...response.headers])} ${body} ${texts}`);
  scan.look('the answer, read', read.join('\n'));
  const sign = (_: string, code: string) => String.fromCharCode(Number.parseInt(code, 16));
  scan.look('the answer, without escapes', body.replace(/\\u([0-9a-f]{4})/g, sign));
  scan.look('traces', JSON.stringify(given.traces));
  scan.look('the summary', JSON.stringify(given.door.summary()));
  expect(scan.found).toEqual([]);
  expect(given.stand.requests[0]?.headers['x-api-key']).toBe(KEY);
});
