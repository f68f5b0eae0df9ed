import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sayAnswer } from './wire.ts';

/** One turn of the model's side. */
export type Turn =
  | { say: string; stop?: string; usage?: Partial<Usage> }
  | { say?: string | undefined; call: Call | Call[]; stop?: string; usage?: Partial<Usage> }
  | { refuse: number; type: string; message: string }
  | { hang: true };

export interface Call {
  tool: string;
  args: Record<string, unknown>;
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
}

/** A request body of the Messages API, as far as tests look at it. */
export interface Asked {
  model: string;
  system: string;
  stream?: boolean;
  max_tokens: number;
  tools: { name: string; input_schema: { properties?: Record<string, unknown> } }[];
  messages: { role: string; content: string | { type: string; [key: string]: unknown }[] }[];
}

type Body = Record<string, unknown>;

/** What stands in for the supervisor's gateway: a real HTTP server that keeps what it is told. */
export interface Door {
  url: string;
  /** Model calls, in order, and their headers' keys. */
  asked: Asked[];
  keys: string[];
  reports: Body[];
  sent: Body[];
  /** Answers from the script that are not used yet. */
  script: Turn[];
  /** Faults: a model call beyond the script. */
  faults: string[];
  /** What a route answers instead; null: as usual. */
  answerInstead: (route: string, body: Body) => { status: number; body: Body } | null;
  /** Resolves when the n-th model call (1 is the first) has arrived. */
  callArrived(number: number): Promise<void>;
  close(): Promise<void>;
}

export async function openDoor(script: Turn[] = []): Promise<Door> {
  const waiting: { number: number; resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    void serve(door, request, response).then(() => {
      const come = waiting.filter(({ number }) => number <= door.asked.length);
      for (const { resolve } of come) resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const door: Door = {
    url: `http://127.0.0.1:${port}`,
    asked: [],
    keys: [],
    reports: [],
    sent: [],
    script: [...script],
    faults: [],
    answerInstead: () => null,
    callArrived: (number) =>
      new Promise((resolve) => {
        if (door.asked.length >= number) resolve();
        else waiting.push({ number, resolve });
      }),
    close: () => close(server),
  };
  return door;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function serve(door: Door, request: IncomingMessage, response: ServerResponse) {
  const body = await readBody(request);
  const route = request.url ?? '';
  const instead = door.answerInstead(route, body);
  if (instead) return json(response, instead.status, instead.body);
  if (route === '/report') door.reports.push(body);
  else if (route === '/messages') door.sent.push(body);
  else if (route.startsWith('/v1/messages')) return model(door, request, body, response);
  else return json(response, 404, { error: `no route ${route}` });
  return json(response, 200, {});
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Body;
}

function model(door: Door, request: IncomingMessage, body: Body, response: ServerResponse) {
  door.asked.push(body as unknown as Asked);
  door.keys.push(String(request.headers['x-api-key'] ?? request.headers.authorization));
  const turn = door.script.shift();
  if (!turn) {
    door.faults.push('a model call beyond the script');
    return json(response, 400, apiError('invalid_request_error', 'beyond the script'));
  }
  if ('hang' in turn) return undefined;
  if ('refuse' in turn) {
    response.setHeader('x-should-retry', 'false');
    return json(response, turn.refuse, apiError(turn.type, turn.message));
  }
  return sayAnswer(response, turn, body.stream === true, door.asked.length);
}

const apiError = (type: string, message: string) => ({ type: 'error', error: { type, message } });

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
