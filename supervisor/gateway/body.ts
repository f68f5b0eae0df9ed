import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** Bytes of request bodies that one door holds at once. */
export interface Holding {
  held: number;
  readonly most: number;
}

export interface BodyLimits {
  /** Bytes. */
  most: number;
  /** Milliseconds until the last byte. */
  within: number;
  holding: Holding;
  /** Aborted when the door closes. */
  closing: AbortSignal;
}

/** A refused sender is heard out for this long and this much, so that the answer reaches it. */
const LINGER_MS = 5000;
const LINGER_BYTES = 8 * 1024 * 1024;
const LINGER_TIMES = 4;

/**
 * The whole body, bounded while it is read. Throws a Refusal: too large (413), too slow (408), too
 * much at once from this run (429), or cut off (400). The caller gives back `body.length` to
 * `holding.held` when it is done with it.
 */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const { most, within, holding, closing } = limits;
  const { promise, resolve, reject } = settling<Buffer>();
  let chunks: Buffer[] = [];
  let size = 0;
  let mine = 0;
  const heardOut = Math.max(most * LINGER_TIMES, LINGER_BYTES);
  let refused: Refusal | null = null;
  let linger: NodeJS.Timeout | undefined;

  const refuse = (refusal: Refusal): void => {
    if (refused) return;
    refused = refusal;
    chunks = [];
    holding.held -= mine;
    mine = 0;
  };
  const refuseNow = (refusal: Refusal): void => {
    refuse(refusal);
    reject(refused ?? refusal);
  };
  const refuseGently = (refusal: Refusal): void => {
    refuse(refusal);
    linger = setTimeout(reject, LINGER_MS, refusal);
  };
  const timer = setTimeout(() => refuseNow(tooSlow(size, within)), within);
  const onClosing = () => refuseNow(cutOff(size, new Error('the door closed')));
  closing.addEventListener('abort', onClosing);

  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (refused) return void (size > heardOut && reject(refused));
    mine += chunk.length;
    holding.held += chunk.length;
    chunks.push(chunk);
    if (size > most) refuseGently(tooLarge(size, most));
    else if (holding.held > holding.most) refuseGently(tooMuch(holding));
  });
  request.once('end', () => (refused ? reject(refused) : resolve(Buffer.concat(chunks))));
  request.once('error', (error) => refuseNow(cutOff(size, error)));
  request.once('close', () => request.complete || refuseNow(cutOff(size)));
  return promise.finally(() => {
    clearTimeout(timer);
    clearTimeout(linger);
    closing.removeEventListener('abort', onClosing);
  });
}

function settling<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const step = 'gateway body';

function tooLarge(size: number, most: number): Refusal {
  return new Refusal('gateway-too-large', {
    type: 'request_too_large',
    message: `the request is too large: at most ${most} bytes`,
    step,
    expected: `at most ${most} bytes`,
    actual: `${size} bytes or more`,
    headers: { connection: 'close' },
  });
}

function tooMuch({ held, most }: Holding): Refusal {
  return new Refusal('gateway-busy', {
    type: 'rate_limit_error',
    message: 'too much at once: this run has too many large requests under way',
    step,
    expected: `at most ${most} bytes of requests under way`,
    actual: `${held} bytes`,
    headers: { connection: 'close' },
  });
}

function tooSlow(size: number, within: number): Refusal {
  return new Refusal('gateway-slow', {
    type: 'timeout_error',
    status: 408,
    message: `the request took longer than ${within} ms to arrive`,
    step,
    expected: `the whole request within ${within} ms`,
    actual: `${size} bytes until then`,
    headers: { connection: 'close' },
  });
}

function cutOff(size: number, error?: Error): Refusal {
  return new Refusal('gateway-request', {
    type: 'invalid_request_error',
    message: 'the request was cut off',
    step,
    actual: `${size} bytes, then the end of the connection`,
    cause: error?.message ?? null,
  });
}

/** Levels of lists and objects within one another: all that looks into them calls itself. */
const DEEPEST = 200;

/** A JSON object; throws a Refusal for anything else. */
export function parseObject(body: Buffer, where: string): Record<string, unknown> {
  if (isDeep(body)) throw notJson(where, `more than ${DEEPEST} levels within one another`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw notJson(where, error instanceof Error ? error.message : String(error));
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw notJson(where, Array.isArray(value) ? 'an array' : `a ${typeof value}`);
}

const [quote, backslash] = [0x22, 0x5c];
const [openList, closeList, openMap, closeMap] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Looks at brackets outside of texts alone: of what is no JSON it may say either. */
function isDeep(body: Buffer): boolean {
  let depth = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === quote) {
      for (at += 1; at < body.length && body[at] !== quote; at++) if (body[at] === backslash) at++;
    } else if (byte === openList || byte === openMap) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (byte === closeList || byte === closeMap) depth -= 1;
  }
  return false;
}

function notJson(where: string, actual: string): Refusal {
  return new Refusal('gateway-request', {
    type: 'invalid_request_error',
    message: 'The request body is not valid JSON: an object is expected',
    step: where,
    expected: 'a JSON object in UTF-8',
    actual,
  });
}
