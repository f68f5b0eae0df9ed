import type { IncomingMessage, ServerResponse } from 'node:http';
import { outgoing } from './anthropic.ts';
import { parseObject, readBody } from './body.ts';
import { chooseModel } from './call.ts';
import type { Desk } from './desk.ts';
import { checkReach } from './reach.ts';
import { sendJson } from './refusal.ts';
import { parseCount } from './request.ts';
import { countTokens } from './speak.ts';
import { post, readAll } from './wire-out.ts';

const step = 'gateway count tokens';
/** Milliseconds; counting is quick, and an estimate will do. */
const PATIENCE = 10_000;
const LONGEST = 64 * 1024;

/**
 * `POST /v1/messages/count_tokens`: the provider's own count, which is free; where there is none,
 * or it does not answer, four characters count as a token.
 */
export async function serveCountTokens(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bytes = await readBody(request, desk.bodyLimits(desk.options.limits.model.request));
  try {
    const body = parseObject(bytes, step);
    const { model } = parseCount(body);
    checkReach(body, desk.options.run.agent);
    const counted = await countedByProvider(desk, model, request, body);
    sendJson(response, 200, { input_tokens: counted ?? countTokens(bytes.toString()) });
  } finally {
    desk.holding.held -= bytes.length;
  }
}

async function countedByProvider(
  desk: Desk,
  model: string,
  { headers }: IncomingMessage,
  body: Record<string, unknown>,
): Promise<number | null> {
  const first = chooseModel(desk, model).upstreams[0];
  if (desk.options.script || first?.provider !== 'anthropic') return null;
  const out = outgoing(desk, first, headers, body, '/v1/messages/count_tokens');
  const signal = AbortSignal.any([desk.closing, AbortSignal.timeout(PATIENCE)]);
  desk.admit(step);
  try {
    const answer = await post({ ...out, signal });
    const told = JSON.parse((await readAll(answer, LONGEST)).toString());
    return Number.isInteger(told.input_tokens) ? told.input_tokens : null;
  } catch {
    // An estimate stands in for a count that did not come.
    return null;
  }
}
