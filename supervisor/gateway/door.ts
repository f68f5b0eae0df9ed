import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { Failure, innermost } from '../model/reason.ts';
import type { DoorSummary } from '../model/run.ts';
import type { Desk, DoorOptions } from './desk.ts';
import { openDesk } from './desk.ts';
import { Refusal, sendRefusal } from './refusal.ts';
import { findRoute } from './routes.ts';
import { tellFailure } from './tell.ts';
import { checkToken } from './token.ts';
import { hungUp } from './upstream.ts';

export type { DoorOptions, Mail } from './desk.ts';
export { doorEnvironment } from './environment.ts';

/** The one door of a run: all that it may ask of the world goes through here. */
export interface Door {
  /** This run's token; worth nothing elsewhere. */
  token: string;
  /** So far; after `close` it does not change any more. */
  summary(): DoorSummary;
  /** Ends what is under way and counts it, then stops listening. Safe to call twice. */
  close(): Promise<void>;
}

/** Connections at once; more are refused. */
const MOST_CONNECTIONS = 512;
/** Milliseconds. */
const HEADERS_WITHIN = 15_000;
const CHECK_EVERY = 5_000;
const KEEP_ALIVE = 30_000;

/** Opens the door; rejects with a Failure `host-failed` when it cannot listen. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const closing = new AbortController();
  const desk = openDesk(options, closing.signal);
  const underWay = new Set<Promise<void>>();
  const server = createServer(
    {
      headersTimeout: HEADERS_WITHIN,
      requestTimeout: HEADERS_WITHIN + options.limits.model.wall,
      connectionsCheckingInterval: CHECK_EVERY,
      keepAliveTimeout: KEEP_ALIVE,
    },
    (request, response) => {
      const served = serve(desk, request, response);
      underWay.add(served);
      void served.finally(() => underWay.delete(served));
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, options.socket);

  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    closing.abort();
    server.closeIdleConnections();
    await Promise.all(underWay);
    server.closeAllConnections();
    await stopped;
  };
  return {
    token: desk.token,
    summary: desk.summary,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

/** Answers one request; never rejects. */
async function serve(desk: Desk, request: IncomingMessage, response: ServerResponse) {
  // A client that goes away in the middle of an answer: the call's own signal tells.
  response.on('error', () => response.destroy());
  const path = pathOf(request);
  const route = findRoute(request.method ?? '', path);
  try {
    checkToken(request.headers, desk.token, route.token);
    if (desk.closing.aborted) throw closed();
    await route.serve(desk, request, response, path);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : internal(error);
    if (route.counts) {
      desk.tally.failed(refusal.by, tellFailure(refusal), refusal.status === hungUp);
    }
    desk.trace({
      ...{ what: 'refused', route: `${request.method} ${path}`, status: refusal.status },
      ...{ code: refusal.reason.code, message: tellFailure(refusal) },
    });
    sendRefusal(response, refusal, route.openAi);
    request.resume();
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] as string;
}

function closed(): Refusal {
  return new Refusal('run-stopped', {
    ...{ type: 'api_error', status: 503, step: 'gateway' },
    message: 'the door is closed: the run is over',
    headers: { 'x-should-retry': 'false', connection: 'close' },
  });
}

function internal(error: unknown): Refusal {
  return new Refusal('internal', {
    ...{ type: 'api_error', by: 'host', step: 'gateway' },
    message: 'the gateway failed',
    cause: innermost(error),
  });
}

/** The socket's folder is private to the run, so that its mode may be open to the run's user. */
function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const parts = {
        message: 'the gateway of a run cannot listen',
        step: 'gateway',
        input: socket,
      };
      reject(new Failure('host-failed', parts, error));
    };
    server.once('error', fail);
    server.listen({ path: socket, readableAll: true, writableAll: true }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
