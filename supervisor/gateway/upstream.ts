import type { Call, EndedBy } from './call.ts';
import type { Redactor } from './redact.ts';
import type { ErrorType } from './refusal.ts';
import { Refusal } from './refusal.ts';

const types: Record<number, ErrorType> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};
/** What the run itself sent is at fault; all else is between the host and its provider. */
const ofRequest = new Set([400, 413, 422]);

/** A provider's no, in its own words, without what must not be shown. */
export function upstreamRefusal(
  status: number,
  body: string,
  headers: Record<string, string>,
  redact: Redactor,
): Refusal {
  const said = redact.clean(messageOf(body) ?? `status ${status} without a readable error`);
  const back = { ...headers };
  delete back['content-type'];
  return new Refusal('upstream-failed', {
    type: types[status] ?? 'api_error',
    status: status >= 400 ? status : 502,
    by: ofRequest.has(status) ? 'request' : 'upstream',
    message: `the model provider answered ${status}: ${said}`,
    step: 'gateway upstream',
    expected: 'status 200',
    actual: `status ${status}`,
    cause: said,
    headers: back,
  });
}

function messageOf(body: string): string | null {
  try {
    const message = JSON.parse(body)?.error?.message;
    return typeof message === 'string' && message !== '' ? message : null;
  } catch {
    return body.trim() === '' ? null : body.trim();
  }
}

/** A run that waited this part of the wall clock in vain hung up because of the provider. */
const PATIENCE = 0.1;

/** Status of a call that the run itself gave up. */
export const hungUp = 499;

/** Why a call was ended, as a refusal; null when it was not. */
export function callEnded(call: Call): Refusal | null {
  if (!call.signal.aborted) return null;
  const by = call.signal.reason as EndedBy;
  const shared = { step: 'gateway upstream', expected: 'an answer of the model provider' };
  if (by === 'wall') {
    return new Refusal('upstream-failed', {
      ...{ type: 'timeout_error', by: 'upstream', ...shared },
      message: 'the model provider took too long (policy limits.model.wall)',
    });
  }
  if (by === 'closing') {
    return new Refusal('run-stopped', {
      // The run ended first: no excuse for it.
      ...{ type: 'api_error', status: 503, by: 'request', ...shared },
      message: 'the door closed while the call was under way: the run is over',
    });
  }
  return new Refusal('gateway-request', {
    ...{ type: 'invalid_request_error', status: hungUp, ...shared },
    by: call.waitedLong(PATIENCE) ? 'upstream' : 'request',
    message: 'the run hung up before the answer was complete',
  });
}
