/** Asking the daemon: a request file, and the answer beside it. */
import { waitFor } from '../host/time/wait-for.ts';
import type { Layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';
import { type Request, requestSchema } from '../model/request.ts';
import type { Answer } from '../model/state.ts';
import { daemonState } from '../store/daemon.ts';
import { describeIssues } from '../store/faults.ts';
import { readAnswer, writeRequest } from '../store/requests.ts';
import { type Call, exits, type Result } from './call.ts';
import { hideKnownKeys } from './policy.ts';
import { line } from './show/escape.ts';
import { reasonText } from './show/reason.ts';

/** How long a verb waits for its answer, milliseconds. The request stays when it is over. */
const patienceMs = 10_000;

/** Ask the daemon for a verb and say what came of it. Throws `not-running` or `no-answer`. */
export async function ask(
  call: Call,
  request: Request,
  { patience = patienceMs }: { patience?: number } = {},
): Promise<Result> {
  const { layout } = call;
  mustBeAskable(request);
  needDaemon(layout, request.verb);
  hideKnownKeys(call);
  const id = writeRequest(layout, request, call.now());
  const answer = await waitForAnswer(layout, id, patience);
  if (answer !== null) return answered(call, answer);
  const message = `the daemon did not answer within ${Math.round(patience / 1000)} s`;
  const hint = 'The request stays: it is carried out when the daemon looks. `airlock doctor`.';
  throw new Failure('no-answer', { message, step: request.verb, input: id, hint });
}

/**
 * What the daemon would not understand is a misuse of the command, daemon or not: a digest of fewer
 * than 6 characters, an empty id, a reason that is too long.
 */
export function mustBeAskable(request: Request): void {
  const judged = requestSchema.safeParse(request);
  if (judged.success) return;
  const faults = describeIssues(judged.error.issues, request);
  const [first] = faults;
  throw new Failure('usage', {
    message: faults.map((one) => one.message).join('; '),
    step: request.verb,
    expected: first?.expected ?? null,
    actual: first?.actual ?? null,
    hint: `\`airlock ${request.verb} --help\` says what it takes.`,
  });
}

export function needDaemon(layout: Layout, step: string, hint?: string): void {
  if (daemonState(layout).running) return;
  const message = 'no daemon runs here';
  const parts = { message, step, input: layout.root };
  throw new Failure('not-running', hint === undefined ? parts : { ...parts, hint });
}

export function waitForAnswer(layout: Layout, id: string, ms: number): Promise<Answer | null> {
  return waitFor([layout.control], () => readAnswer(layout, id), ms);
}

export function answered(call: Call, answer: Answer): Result {
  const { ok, message, reason } = answer;
  const data = typeof answer.data === 'object' && answer.data !== null ? answer.data : {};
  return {
    exit: ok ? exits.done : answer.exit,
    json: ok ? { schema: 1, ok, message, ...data } : { schema: 1, ok, reason, ...data },
    text: () => (reason === null ? line(message, 1000) : reasonText(reason, call.paint)),
  };
}
