import type { ServerResponse } from 'node:http';
import type { Desk } from './desk.ts';
import { Refusal, requestId, sendJson } from './refusal.ts';

/** `GET /v1/models`: the names that the policy offers, in the shape of the Models API. */
export function serveModels(desk: Desk, response: ServerResponse): void {
  const data = offered(desk).map(modelInfo);
  const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  answer(response, { data, has_more: false, ...ends });
}

/** `GET /v1/models/<id>`; throws a Refusal. */
export function serveModel(desk: Desk, response: ServerResponse, id: string): void {
  const names = offered(desk);
  if (!names.includes(id)) throw noSuch(id, names);
  answer(response, modelInfo(id));
}

function noSuch(id: string, names: string[]): Refusal {
  return new Refusal('gateway-route', {
    type: 'not_found_error',
    message: `model: ${id}`,
    step: 'gateway models',
    input: id,
    expected: `one of ${names.join(', ')}`,
  });
}

function offered(desk: Desk): string[] {
  return [...new Set([...Object.keys(desk.options.models), desk.options.run.agent.model])].sort();
}

function modelInfo(id: string) {
  return {
    ...{ type: 'model', id, display_name: id, created_at: new Date(0).toISOString() },
    ...{ capabilities: null, deprecated_at: null, retires_at: null, lifecycle: 'active' },
    ...{ line: null, max_input_tokens: null, max_tokens: null },
  };
}

function answer(response: ServerResponse, body: unknown): void {
  sendJson(response, 200, body, { 'request-id': requestId() });
}
