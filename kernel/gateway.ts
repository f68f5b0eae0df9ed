import type { Environment } from './environment.ts';
import { RunError } from './errors.ts';

const ANSWER_WITHIN = 15_000;
const LONGEST_ANSWER = 2000;

/** The run's one door, apart from model calls, which the SDK makes. */
export interface Gateway {
  /** Tells the supervisor something of this run. Throws a RunError when it is not taken. */
  report(body: Record<string, unknown>): Promise<void>;
  /** Hands something to another agent. Throws a RunError when it is not taken. */
  send(body: Record<string, unknown>): Promise<void>;
}

/** Opens no connection yet. */
export function connectGateway(environment: Environment): Gateway {
  const post = (route: string, step: string) => async (body: Record<string, unknown>) => {
    const answer = await reach(environment, route, step, body);
    if (!answer.ok) throw await refusal(answer, route, step);
    await answer.arrayBuffer();
  };
  return {
    report: post('/report', 'report to the gateway'),
    send: post('/messages', 'hand a message to another agent'),
  };
}

async function reach(
  { gateway, token }: Environment,
  route: string,
  step: string,
  body: Record<string, unknown>,
): Promise<Response> {
  try {
    return await fetch(gateway + route, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': token },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
  } catch (error) {
    throw new RunError({
      code: 'gateway-unreachable',
      step,
      message: `the gateway does not answer at ${gateway}${route}`,
      expected: `an answer within ${ANSWER_WITHIN / 1000} s`,
      hint: 'Without the gateway nothing may be done: the run stops here.',
      cause: error,
    });
  }
}

async function refusal(answer: Response, route: string, step: string): Promise<RunError> {
  const text = (await answer.text()).slice(0, LONGEST_ANSWER);
  return new RunError({
    code: 'gateway-refused',
    step,
    message: `the gateway refused POST ${route}: ${answer.status} ${answer.statusText}`.trim(),
    input: route,
    expected: 'status 2xx',
    actual: text,
  });
}
