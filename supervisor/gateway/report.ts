import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { ReportedError } from '../model/run.ts';
import { parseObject, readBody } from './body.ts';
import type { Desk } from './desk.ts';
import { Refusal, sendJson } from './refusal.ts';
import { wording } from './request.ts';

const step = 'gateway report';
/** Bytes of a report, and reports of a run: a runtime that says more than this has run wild. */
const LONGEST = 64 * 1024;
const MOST = 10_000;
/** Characters of one text of an error, and causes that are kept. */
const LONGEST_TEXT = 4000;
const MOST_CAUSES = 32;

/** Anything may be said in a text; what is not a text is written as JSON. */
const said = z
  .unknown()
  .transform((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')));
const maybeSaid = said
  .transform((text) => (text === '' || text === 'null' ? null : text))
  .optional();

const reportSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('turn'), event: z.enum(['begin', 'end']) }),
  z.looseObject({ type: z.literal('step') }),
  z.looseObject({ type: z.literal('progress') }),
  z.looseObject({
    type: z.literal('error'),
    message: z.string().min(1),
    step: maybeSaid,
    input: maybeSaid,
    expected: maybeSaid,
    causes: z.array(said).default([]),
  }),
]);
type Report = z.infer<typeof reportSchema>;

/** `POST /report`: what a runtime says of its run. It can worsen the outcome, never improve it. */
export async function serveReport(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bytes = await readBody(request, desk.bodyLimits(LONGEST));
  desk.holding.held -= bytes.length;
  const report = parseReport(parseObject(bytes, step));
  if (!desk.countReport(MOST)) throw tooMany();
  take(desk, report);
  desk.trace({ what: 'report', type: report.type, text: JSON.stringify(report) });
  sendJson(response, 200, { ok: true });
}

function parseReport(body: Record<string, unknown>): Report {
  const result = reportSchema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  const faults = result.error.issues.map(wording);
  throw new Refusal('gateway-request', {
    type: 'invalid_request_error',
    message: `this is no report: ${faults.join('; ')}`,
    step,
    expected: '{type: turn|step|progress|error, ...}; a turn has event: begin|end',
    actual: faults.join('; '),
  });
}

function take(desk: Desk, report: Report): void {
  if (report.type === 'error') desk.tally.error(errorOf(desk, report));
  if (report.type === 'turn' && !desk.tally.turn(report.event)) {
    throw new Refusal('gateway-request', {
      type: 'invalid_request_error',
      message: 'a turn that has not begun cannot end',
      step,
      expected: 'event: begin before event: end',
      actual: 'event: end',
    });
  }
}

function errorOf(desk: Desk, report: Report & { type: 'error' }): ReportedError {
  const bounded = (text: string) => desk.redact.clean(text, LONGEST_TEXT);
  const maybe = (text: string | null | undefined) => (text ? bounded(text) : null);
  return {
    message: bounded(report.message),
    step: maybe(report.step),
    input: maybe(report.input),
    expected: maybe(report.expected),
    causes: innermostKept(report.causes).map(bounded),
  };
}

/** Of too many causes the outermost few and the innermost ones are kept. */
function innermostKept(causes: string[]): string[] {
  if (causes.length <= MOST_CAUSES) return causes;
  const left = `... (${causes.length - MOST_CAUSES} more causes)`;
  return [...causes.slice(0, MOST_CAUSES / 2), left, ...causes.slice(-MOST_CAUSES / 2)];
}

function tooMany(): Refusal {
  return new Refusal('gateway-busy', {
    type: 'rate_limit_error',
    message: `a run may report ${MOST} times`,
    step,
    expected: `at most ${MOST} reports`,
    headers: { 'x-should-retry': 'false' },
  });
}
