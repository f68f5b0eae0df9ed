import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Reason } from '../model/reason.ts';
import { reasonOf } from '../model/reason.ts';
import { agentName } from '../model/runtime.ts';
import { parseObject, readBody } from './body.ts';
import type { Desk, Mail } from './desk.ts';
import type { ErrorType } from './refusal.ts';
import { Refusal, sendJson } from './refusal.ts';
import { wording } from './request.ts';

const step = 'gateway mail';

/** Who sends is the supervisor's word: what the sender writes of these, in any case, is dropped. */
const stamped = new Set(['from', 'sender', 'run', 'at', 'tenant']);

const mailSchema = z.looseObject({ to: agentName, kind: z.enum(['message', 'task', 'thread']) });

/** `POST /messages`: hands something to another agent, in the sender's own name. */
export async function serveMail(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const limits = desk.options.limits.mail;
  const bytes = await readBody(request, desk.bodyLimits(limits.bytes));
  desk.holding.held -= bytes.length;
  const mail = stamp(desk, parseObject(bytes, step));
  if (!desk.countMail(limits.perRun)) throw tooMuch(limits.perRun);
  desk.admit(step);
  const refused = hand(desk, mail);
  if (refused) throw notDelivered(refused);
  desk.trace({ what: 'mail', to: mail.to, kind: mail.kind, bytes: bytes.length });
  sendJson(response, 202, { ok: true });
}

function stamp(desk: Desk, body: Record<string, unknown>): Mail {
  const result = mailSchema.safeParse(body, { reportInput: true });
  if (!result.success) throw noMail(result.error.issues.map(wording));
  const { to, kind, ...said } = result.data;
  const rest = Object.entries(said).filter(([name]) => !stamped.has(name.trim().toLowerCase()));
  const { run, now } = desk.options;
  const at = new Date(now()).toISOString();
  return { from: run.agent.name, run: run.id, to, kind, at, body: Object.fromEntries(rest) };
}

function hand(desk: Desk, mail: Mail): Reason | null {
  try {
    return desk.options.deliver(mail);
  } catch (error) {
    return reasonOf(error, step);
  }
}

function noMail(faults: string[]): Refusal {
  return new Refusal('gateway-request', {
    type: 'invalid_request_error',
    message: `this is no message: ${faults.join('; ')}`,
    step,
    expected: '{to: <agent>, kind: message|task|thread, ...}',
    actual: faults.join('; '),
  });
}

function tooMuch(perRun: number): Refusal {
  return new Refusal('mail-limit', {
    type: 'rate_limit_error',
    message: `a run may send ${perRun} messages (policy limits.mail.perRun)`,
    step,
    expected: `at most ${perRun} messages`,
    headers: { 'x-should-retry': 'false' },
  });
}

const types: Partial<Record<Reason['code'], ErrorType>> = {
  'not-found': 'not_found_error',
  'mail-limit': 'rate_limit_error',
  'queue-full': 'rate_limit_error',
  halted: 'permission_error',
};

/** The receiver's reason as it was given; its code decides the status. */
function notDelivered(refused: Reason): Refusal {
  const { code, ...parts } = refused;
  const unexpected = code === 'internal' || code === 'host-failed';
  const type = types[code] ?? (unexpected ? 'api_error' : 'permission_error');
  return new Refusal(code, { ...parts, type, headers: { 'x-should-retry': 'false' } });
}
