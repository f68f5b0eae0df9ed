import type { Environment } from './environment.ts';
import { RunError } from './errors.ts';
import type { Gateway } from './gateway.ts';
import { clip, textOf, unfold } from './unfold.ts';

const MOST_BYTES = 32 * 1024;

/**
 * Says why the run failed: on stderr for a person, and to the gateway for the supervisor. Never
 * throws: the run has failed already, and stderr alone tells the cause when the gateway is gone.
 */
export async function reportFailure(
  error: unknown,
  environment: Environment | null,
  gateway: Gateway | null,
): Promise<void> {
  process.stderr.write(`${tell(error, environment)}\n`);
  if (gateway === null || environment === null) return;
  try {
    await gateway.report(asReport(error, environment));
  } catch (unheard) {
    process.stderr.write(`  not reported to the gateway either: ${textOf(unheard)}\n`);
  }
}

/** The body of `POST /report` for a failure; causes outermost first, the last is the innermost. */
export function asReport(error: unknown, environment: Environment): Record<string, unknown> {
  const known = asRunError(error);
  return {
    type: 'error',
    agent: environment.agent,
    path: environment.path,
    code: known.code,
    message: known.message,
    step: known.step,
    input: clip(known.input),
    expected: clip(known.expected),
    actual: clip(known.actual),
    hint: known.hint,
    causes: causesOf(known),
  };
}

/** The gateway takes 64 KiB: of too many causes those in the middle are left out. */
function causesOf(error: RunError): string[] {
  const causes = unfold(error).slice(1);
  const texts = causes.map(({ text }) => text);
  while (Buffer.byteLength(JSON.stringify(texts)) > MOST_BYTES) {
    texts.splice(Math.floor(texts.length / 2), 1);
  }
  return texts;
}

function tell(error: unknown, environment: Environment | null): string {
  const known = asRunError(error);
  const causes = unfold(known).slice(1);
  const whose = environment && `agent ${environment.agent}, path ${environment.path}`;
  const lines = [
    `run failed at: ${known.step}${whose ? ` (${whose}, run ${environment?.run})` : ''}`,
    `  ${known.message} [${known.code}]`,
    ...detail('input', known.input),
    ...detail('expected', known.expected),
    ...detail('actual', known.actual),
    ...causes.map((cause) => `${'  '.repeat(cause.depth)}  caused by: ${cause.text}`),
    ...detail('innermost cause', causes.at(-1)?.text),
    ...detail('hint', known.hint),
  ];
  return lines.join('\n');
}

function detail(label: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`  ${label}: ${text}`];
}

function asRunError(error: unknown): RunError {
  if (error instanceof RunError) return error;
  return new RunError({
    code: 'unexpected',
    step: 'take the turn',
    message: 'something failed that no step expected',
    cause: error,
  });
}
