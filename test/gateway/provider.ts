import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Upstream } from '../../supervisor/model/policy.ts';
import { afterwards } from './given.ts';

/** How a provider behaves for one request. */
export type Behaviour = (response: ServerResponse, body: Record<string, unknown>) => void;

export interface Provider {
  url: string;
  requests: { path: string; headers: IncomingHttpHeaders; body: Record<string, unknown> }[];
  /** Calls that the other side hung up on. */
  hungUp: number;
  upstream(over?: object): Upstream;
}

export const KEY = 'sk-ant-planted-9f8e7d6c5b4a';

/** A real HTTP server that stands for the model provider; the last behaviour repeats. */
export async function givenProvider(...behaviours: Behaviour[]): Promise<Provider> {
  const requests: Provider['requests'] = [];
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) provider.hungUp += 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
      requests.push({ path: request.url ?? '', headers: request.headers, body });
      const behave = behaviours[Math.min(requests.length, behaviours.length) - 1];
      behave?.(response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: Provider = {
    ...{ url, requests, hungUp: 0 },
    upstream: (over = {}) => ({
      ...{ provider: 'anthropic', url, model: 'claude-sonnet-4-5', keyFile: 'anthropic.key' },
      ...over,
    }),
  };
  return provider;
}

export const usage = {
  input_tokens: 100,
  cache_creation_input_tokens: 40,
  cache_read_input_tokens: 200,
  output_tokens: 50,
};

/** A whole message, of the model that was asked for. */
export function says(text: string, over: object = {}): Behaviour {
  return (response, body) => {
    response.writeHead(200, {
      ...{ 'content-type': 'application/json', 'request-id': 'req_provider' },
      ...{ 'anthropic-organization-id': 'org-secret', 'set-cookie': 'a=b' },
    });
    response.end(JSON.stringify({ ...message(String(body.model), text), ...over }));
  };
}

/** The same as a stream, in pieces that are cut anywhere. */
export function streams(text: string): Behaviour {
  return (response, body) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const bytes = Buffer.from(streamOf(String(body.model), text).join(''));
    for (let at = 0; at < bytes.length; at += 37) response.write(bytes.subarray(at, at + 37));
    response.end();
  };
}

/** A stream of which only the first events come; then the connection breaks. */
export function breaksOff(text: string, events: number): Behaviour {
  return (response, body) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const sent = streamOf(String(body.model), text).slice(0, events).join('');
    response.write(sent, () => response.destroy());
  };
}

/** A stream of which only the first events come; then nothing. */
export function staysSilentAfter(text: string, events: number): Behaviour {
  return (response, body) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(streamOf(String(body.model), text).slice(0, events).join(''));
  };
}

export function refuses(status: number, type: string, text: string, headers = {}): Behaviour {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ type: 'error', error: { type, message: text } }));
  };
}

export const neverAnswers: Behaviour = () => {};
export const hangsUp: Behaviour = (response) => response.destroy();

/** A stream whose only event is an error, as under overload; it comes in two pieces. */
export const beginsWithAnError: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const data = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
  response.write('event: error\ndata: {"type":');
  setTimeout(() => response.end(`${JSON.stringify(data).slice('{"type":'.length)}\n\n`), 30);
};

function message(model: string, text: string) {
  return {
    ...{ id: 'msg_provider', type: 'message', role: 'assistant', model },
    ...{ content: [{ type: 'text', text }], stop_reason: 'end_turn', stop_sequence: null, usage },
  };
}

function streamOf(model: string, text: string): string[] {
  const start = { ...message(model, ''), content: [], stop_reason: null };
  const event = (data: { type: string }) =>
    `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  const delta = (piece: string) => ({
    ...{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } },
  });
  const block = { type: 'text', text: '' };
  const begun = { ...start, usage: { ...usage, output_tokens: 1 } };
  const ended = { delta: { stop_reason: 'end_turn', stop_sequence: null } };
  return [
    event({ type: 'message_start', ...{ message: begun } }),
    event({ type: 'content_block_start', ...{ index: 0, content_block: block } }),
    ...(text.match(/.{1,10}/gsu) ?? []).map((piece) => event(delta(piece))),
    event({ type: 'content_block_stop', ...{ index: 0 } }),
    event({ type: 'message_delta', ...ended, ...{ usage: { output_tokens: 50 } } }),
    event({ type: 'message_stop' }),
  ];
}
