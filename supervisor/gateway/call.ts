import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Upstream } from '../model/policy.ts';
import { parseObject, readBody } from './body.ts';
import type { Desk } from './desk.ts';
import { surcharge } from './price.ts';
import { checkReach } from './reach.ts';
import { Refusal } from './refusal.ts';
import type { ModelRequest } from './request.ts';
import { parseCall } from './request.ts';

const step = 'gateway model call';

/** Why a call was ended before its answer was complete. */
export type EndedBy = 'client' | 'wall' | 'closing';

/** One model call under way. */
export interface Call {
  number: number;
  bytes: Buffer;
  body: ModelRequest;
  headers: IncomingHttpHeaders;
  response: ServerResponse;
  stream: boolean;
  /** The name of the policy's models that it got, and who answers it, in order. */
  model: string;
  upstreams: Upstream[];
  notes: string[];
  /** What the options of the request multiply its price by. */
  factor: number;
  begun: number;
  /** Aborted with an `EndedBy` as its reason. */
  signal: AbortSignal;
  /** Something of an answer has come. */
  heard(): void;
  wasHeard(): boolean;
  /** Nothing was heard for this part of the longest that a call may take. */
  waitedLong(part: number): boolean;
  close(): void;
}

/** Reads, checks and names a call; throws a Refusal. */
export async function openCall(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Call> {
  const { limits, now } = desk.options;
  const number = desk.nextCall();
  const begun = now();
  const { request: most, wall: within } = limits.model;
  const bytes = await readBody(request, desk.bodyLimits(most));
  try {
    const json = parseObject(bytes, step);
    const body = parseCall(json);
    checkReach(json, desk.options.run.agent);
    const chosen = chooseModel(desk, body.model);
    const { signal, close } = endings(desk, response, within);
    let heard = false;
    return {
      ...{ number, bytes, body, headers: request.headers, response, ...chosen, begun, signal },
      stream: body.stream === true,
      factor: surcharge(json),
      heard: () => {
        heard = true;
      },
      wasHeard: () => heard,
      waitedLong: (part) => !heard && now() - begun >= within * part,
      close: () => {
        desk.holding.held -= bytes.length;
        close();
      },
    };
  } catch (error) {
    desk.holding.held -= bytes.length;
    throw error;
  }
}

/** A name that the policy does not offer gets the agent's own model, and a note says so. */
export function chooseModel(desk: Desk, asked: string) {
  const { models, run, script } = desk.options;
  const name = Object.hasOwn(models, asked) ? asked : run.agent.model;
  const upstreams = Object.hasOwn(models, name) ? (models[name] as Upstream[]) : [];
  const notes: string[] = [];
  if (name !== asked) {
    notes.push(`asked for model "${asked}", which the policy does not offer: got "${name}"`);
  }
  if (upstreams.length === 0 && script === null) throw noModel(name, Object.keys(models));
  return { model: name, upstreams, notes };
}

function noModel(name: string, offered: string[]): Refusal {
  return new Refusal('no-model', {
    type: 'not_found_error',
    message: `model: ${name}: the policy has no such model`,
    step,
    input: name,
    expected: `one of ${offered.join(', ') || '(the policy offers none)'}`,
    headers: { 'x-should-retry': 'false' },
  });
}

/** The client hangs up, the time is over, or the door closes: whichever comes first. */
function endings(desk: Desk, response: ServerResponse, wall: number) {
  const controller = new AbortController();
  const end = (by: EndedBy) => () => controller.abort(by);
  const onClient = end('client');
  const onClosing = end('closing');
  const timer = setTimeout(end('wall'), wall);
  response.once('close', onClient);
  desk.closing.addEventListener('abort', onClosing);
  if (response.destroyed) onClient();
  if (desk.closing.aborted) onClosing();
  return {
    signal: controller.signal,
    close: () => {
      clearTimeout(timer);
      response.off('close', onClient);
      desk.closing.removeEventListener('abort', onClosing);
    },
  };
}
