import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveCountTokens } from './count-tokens.ts';
import type { Desk } from './desk.ts';
import { serveMail } from './mail.ts';
import { serveMessages } from './messages.ts';
import { serveModel, serveModels } from './models.ts';
import { Refusal } from './refusal.ts';
import { serveReport } from './report.ts';

/** What the door serves at one place. */
export interface Route {
  /** The run's token must be shown; where not, a wrong one is refused all the same. */
  token: boolean;
  /** A refusal is a model call that got no answer. */
  counts: boolean;
  /** Errors have the shape of OpenAI's APIs. */
  openAi: boolean;
  serve(
    desk: Desk,
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): void | Promise<void>;
}

const model: Omit<Route, 'serve'> = { token: true, counts: false, openAi: false };
const simple: Omit<Route, 'serve'> = { token: false, counts: false, openAi: false };

const routes: Record<string, Route> = {
  'POST /v1/messages': { ...model, counts: true, serve: serveMessages },
  'POST /v1/messages/count_tokens': { ...model, serve: serveCountTokens },
  'GET /v1/models': { ...model, serve: (desk, _, response) => serveModels(desk, response) },
  'POST /v1/chat/completions': { ...model, counts: true, openAi: true, serve: openAiPlace },
  'POST /v1/responses': { ...model, counts: true, openAi: true, serve: openAiPlace },
  'POST /report': { ...simple, serve: serveReport },
  'POST /messages': { ...simple, serve: serveMail },
  'POST /guard': { ...simple, serve: guardPlace },
};

const ofModel = /^\/v1\/models\/([^/]+)$/;
const ofGuard = /^\/guard\/[^/]+$/;

/** The route of a request; what is not served is a route too, and answers 404. */
export function findRoute(method: string, path: string): Route {
  const key = `${method} ${path}`;
  const exact = Object.hasOwn(routes, key) ? routes[key] : undefined;
  if (exact) return exact;
  const id = method === 'GET' ? ofModel.exec(path)?.[1] : undefined;
  if (id !== undefined) {
    return { ...model, serve: (desk, _, response) => serveModel(desk, response, decoded(id)) };
  }
  if (method === 'POST' && ofGuard.test(path)) return { ...simple, serve: guardPlace };
  return { ...simple, serve: nothingHere };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** Denied until the ledger is there: a guard that cannot be asked means stop. */
function guardPlace(): never {
  throw place('the guard comes with the ledger', 'gateway guard');
}

function openAiPlace(): never {
  throw place("OpenAI's APIs are not served yet: use the Messages API", 'gateway openai');
}

function place(message: string, step: string): Refusal {
  const headers = { 'x-should-retry': 'false' };
  return new Refusal('gateway-place', { type: 'api_error', status: 501, message, step, headers });
}

function nothingHere(_: Desk, request: IncomingMessage, __: ServerResponse, path: string): never {
  throw new Refusal('gateway-route', {
    type: 'not_found_error',
    message: `the gateway does not serve ${request.method} ${path}`,
    step: 'gateway',
    input: `${request.method} ${path}`,
    expected: Object.keys(routes).join(', '),
  });
}
