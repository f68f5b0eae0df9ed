import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Halt } from '../model/halt.ts';
import type { Reason, ReasonCode, ReasonParts } from '../model/reason.ts';
import { reason } from '../model/reason.ts';
import type { DoorSummary } from '../model/run.ts';

/** Error types of the Messages API (platform.claude.com, api/errors). */
export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'billing_error'
  | 'permission_error'
  | 'not_found_error'
  | 'request_too_large'
  | 'rate_limit_error'
  | 'timeout_error'
  | 'api_error'
  | 'overloaded_error';

const statuses: Record<ErrorType, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  api_error: 500,
  overloaded_error: 529,
};

export type FaultOf = NonNullable<DoorSummary['lastFailure']>['by'];

interface RefusalParts extends ReasonParts {
  type: ErrorType;
  status?: number;
  /** Whose fault it is that a model call got no answer. */
  by?: FaultOf;
  headers?: Record<string, string>;
  details?: Record<string, unknown>;
}

/** A no of the gateway: thrown where it is found, answered in one place. */
export class Refusal extends Error {
  readonly status: number;
  readonly type: ErrorType;
  readonly reason: Reason;
  readonly by: FaultOf;
  readonly headers: Record<string, string>;
  readonly details: Record<string, unknown>;
  constructor(code: ReasonCode, parts: RefusalParts) {
    const { type, status, by, headers, details, ...rest } = parts;
    super(parts.message);
    this.name = 'Refusal';
    this.type = type;
    this.status = status ?? statuses[type];
    this.reason = reason(code, rest);
    this.by = by ?? 'request';
    this.headers = headers ?? {};
    this.details = details ?? {};
  }
}

/** The body of an error: the shape of the Messages API, with the whole reason in `details`. */
export function errorBody(refusal: Refusal, requestId: string): Record<string, unknown> {
  const { type, message, reason: why, details } = refusal;
  return {
    type: 'error',
    error: { type, message, details: { error_code: why.code, ...why, ...details } },
    request_id: requestId,
  };
}

/** The same in the shape of OpenAI's APIs. */
export function openAiErrorBody(refusal: Refusal): Record<string, unknown> {
  const { type, message, reason: why } = refusal;
  return { error: { message, type, param: null, code: why.code, details: why } };
}

/** Answers with a refusal; an answer that has begun and not ended can only be broken off. */
export function sendRefusal(response: ServerResponse, refusal: Refusal, openAi = false): void {
  if (response.writableEnded) return;
  if (response.headersSent) return void response.destroy();
  const id = requestId();
  sendJson(response, refusal.status, openAi ? openAiErrorBody(refusal) : errorBody(refusal, id), {
    'request-id': id,
    ...refusal.headers,
  });
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  });
  response.end(text);
}

/** Names the scope, the reason, who did it and how to go on; an SDK does not try again. */
export function haltRefusal(halt: Halt, step: string): Refusal {
  const flag = halt.target === null ? `--${halt.scope}` : `--${halt.scope} ${halt.target}`;
  const resume = `airlock resume ${flag}`;
  const whose = halt.target === null ? halt.scope : `${halt.scope} ${halt.target}`;
  const why = halt.reason === '' ? 'no reason was given' : halt.reason;
  const message = `halted (${whose}): ${why}; by ${halt.by} at ${halt.at}. To resume: ${resume}`;
  return new Refusal('halted', {
    type: 'permission_error',
    by: 'halt',
    message,
    step,
    input: whose,
    expected: 'no halt of this scope',
    actual: why,
    headers: { 'x-should-retry': 'false' },
    details: { scope: halt.scope, target: halt.target, by: halt.by, at: halt.at, why, resume },
  });
}

const letters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A provider-like id: `prefix_01` and 22 letters. */
export function wireId(prefix: string): string {
  const drawn = Array.from(randomBytes(22), (byte) => letters[byte % letters.length]);
  return `${prefix}_01${drawn.join('')}`;
}

export function requestId(): string {
  return wireId('req');
}
