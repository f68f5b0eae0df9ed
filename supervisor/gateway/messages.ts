import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from './call.ts';
import { openCall } from './call.ts';
import type { Desk } from './desk.ts';
import { costOf } from './price.ts';
import { Refusal } from './refusal.ts';
import { blocksOf, textOf, toolsOffered } from './request.ts';
import type { Ending, Source } from './source.ts';
import { estimate, sourcesOf } from './source.ts';
import { tellFailure } from './tell.ts';

/**
 * `POST /v1/messages`: asks who may answer, one after another, until one has. Throws a Refusal when
 * none did and nothing has been sent.
 */
export async function serveMessages(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = await openCall(desk, request, response);
  try {
    desk.tally.toolResults(blocksOf(call.body.messages));
    let refusal: Refusal | null = null;
    for (const source of sourcesOf(desk, call)) {
      const ending = await attempt(desk, call, source);
      if (ending.kind === 'answered') return;
      refusal = ending.refusal;
      if (!ending.next) break;
    }
    if (refusal) throw refusal;
  } finally {
    call.close();
  }
}

/** Money is held before, the halt is asked last, and what was spent is settled whatever happens. */
async function attempt(desk: Desk, call: Call, source: Source): Promise<Ending> {
  const begun = desk.options.now();
  let go: () => Promise<Ending>;
  try {
    go = source.ready(call);
  } catch (error) {
    const ending = notReady(error);
    settleFailure(desk, call, source, ending, 0, begun);
    return ending;
  }
  const hold = desk.hold(estimate(call, source.price));
  let gone = false;
  try {
    desk.trace(callLine(desk, call, source, hold.usd));
    desk.admit('gateway model call');
    gone = true;
    const ending = await go();
    const usd = spent(ending, call, source, hold.usd);
    hold.settle(usd);
    if (ending.kind === 'answered') settleAnswer(desk, call, source, ending, usd, begun);
    else settleFailure(desk, call, source, ending, usd, begun);
    return ending;
  } finally {
    hold.settle(gone ? hold.usd : 0);
  }
}

function notReady(error: unknown): Ending & { kind: 'failed' } {
  if (!(error instanceof Refusal)) throw error;
  const next = error.by === 'host';
  return { kind: 'failed', refusal: error, next, cost: 'nothing', answer: null };
}

/** USD; what cannot be known counts as all that was held. */
function spent(ending: Ending, call: Call, source: Source, held: number): number {
  if (ending.kind === 'failed' && ending.cost === 'nothing') return 0;
  if (ending.kind === 'failed' && ending.cost === 'held') return held;
  if (!ending.answer?.begun) return held;
  return costOf(ending.answer.usage, source.price, call.factor);
}

function settleAnswer(
  desk: Desk,
  call: Call,
  source: Source,
  { answer }: Ending & { kind: 'answered' },
  usd: number,
  begun: number,
): void {
  desk.tally.answered(answer, source.rehearsed);
  desk.tally.used(answer);
  desk.trace({
    ...{ what: 'answer', call: call.number, upstream: source.name, model: answer.model },
    ...{ stop: answer.stop, text: answer.text, usage: answer.usage, usd },
    calls: answer.calls.map(({ name, input }) => ({ tool: name, input })),
    ms: desk.options.now() - begun,
    notes: answer.begun ? [] : ['the provider did not say what it used: all that was held counts'],
  });
}

function settleFailure(
  desk: Desk,
  call: Call,
  source: Source,
  { refusal, answer }: Ending & { kind: 'failed' },
  usd: number,
  begun: number,
): void {
  if (answer) desk.tally.used(answer);
  desk.trace({
    ...{ what: 'failed', call: call.number, upstream: source.name, by: refusal.by },
    ...{ status: refusal.status, message: tellFailure(refusal), usd },
    ms: desk.options.now() - begun,
  });
}

function callLine(desk: Desk, call: Call, source: Source, reserved: number) {
  const { body, bytes, number, model, stream, notes } = call;
  const unpriced = `no price is known for ${source.name}: counted as the dearest`;
  return {
    ...({ what: 'call', call: number, asked: body.model, model, stream } as const),
    ...{ upstream: source.name, reserved, bytes: bytes.length, messages: body.messages.length },
    tools: toolsOffered(body.tools),
    last: desk.redact.clean(textOf(body.messages.at(-1)?.content)),
    notes: source.price.known ? notes : [...notes, unpriced],
  };
}
