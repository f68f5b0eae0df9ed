import type { IncomingMessage, ServerResponse } from 'node:http';
import { innermost } from '../model/reason.ts';
import type { AnswerReader } from './answer.ts';
import type { Call } from './call.ts';
import { cleanStream } from './clean-stream.ts';
import { errorBody, Refusal, requestId } from './refusal.ts';
import type { Ending } from './source.ts';
import { encodeEvent, eventParser } from './sse.ts';
import { callEnded } from './upstream.ts';

/**
 * Forwards a stream as it comes and reads along. Nothing is sent before the first event is
 * complete, so that a provider that begins with an error can still be passed over.
 */
export async function relayStream(
  call: Call,
  source: IncomingMessage,
  headers: Record<string, string>,
  reader: AnswerReader,
): Promise<Ending> {
  const parser = eventParser();
  const cleaner = cleanStream();
  const waiting: string[] = [];
  let said: string | null = null;
  let cause: string | null = null;
  try {
    for await (const chunk of source) {
      for (const each of parser.push(chunk)) {
        for (const { bytes, data } of cleaner.push(each)) {
          if (each.event === 'error') said ??= errorMessage(data);
          reader.event(data);
          waiting.push(bytes);
        }
        call.heard();
      }
      if (said !== null) break;
      if (!call.wasHeard()) continue;
      if (!call.response.headersSent) call.response.writeHead(200, headers);
      await forward(call, waiting.splice(0));
    }
  } catch (error) {
    cause = innermost(error);
  }
  const answer = reader.read();
  if (answer.complete && !call.response.destroyed) {
    call.response.end();
    return { kind: 'answered', answer };
  }
  const refusal = callEnded(call) ?? cutShort(said, cause);
  const cost = answer.begun ? 'used' : 'held';
  if (!call.response.headersSent) {
    return { kind: 'failed', refusal, next: !call.signal.aborted, cost, answer };
  }
  endBroken(call.response, refusal);
  return { kind: 'failed', refusal, next: false, cost, answer };
}

function errorMessage(data: unknown): string {
  const message = (data as { error?: { message?: unknown } } | null)?.error?.message;
  return typeof message === 'string' ? message : 'an error without a message';
}

/** Writes, and waits while the client reads slower than the provider speaks. */
async function forward({ response, signal }: Call, chunks: string[]): Promise<void> {
  for (const chunk of chunks) {
    signal.throwIfAborted();
    if (response.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off('drain', go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      response.once('drain', go);
      signal.addEventListener('abort', go);
      if (signal.aborted) go();
    });
  }
}

function cutShort(said: string | null, cause: string | null): Refusal {
  const what = said === null ? 'the model provider broke off in the middle of its answer' : said;
  return new Refusal('upstream-failed', {
    type: said === null ? 'api_error' : 'overloaded_error',
    status: said === null ? 502 : 529,
    by: 'upstream',
    message: what,
    step: 'gateway upstream',
    expected: 'a stream up to message_stop',
    cause: cause ?? said,
  });
}

/** An error event as the provider sends it: whole events alone were sent before. */
function endBroken(response: ServerResponse, refusal: Refusal): void {
  if (response.destroyed) return;
  const data = JSON.stringify(errorBody(refusal, requestId()));
  response.end(encodeEvent({ event: 'error', data }));
}
