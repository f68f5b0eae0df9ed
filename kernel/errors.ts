/** What a run says of a failure. All but the first three may be left out. */
export interface Fault {
  /** Stable, lower case with dashes. */
  code: string;
  /** What was being done, as a verb and its object: `call the model`. */
  step: string;
  message: string;
  input?: string | undefined;
  expected?: string | undefined;
  actual?: string | undefined;
  hint?: string | undefined;
  cause?: unknown;
}

/** A failure of the run that says its step, its input and what was expected. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: string;
  readonly step: string;
  readonly input: string | undefined;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly hint: string | undefined;

  constructor(fault: Fault) {
    super(fault.message, fault.cause === undefined ? undefined : { cause: fault.cause });
    this.code = fault.code;
    this.step = fault.step;
    this.input = fault.input;
    this.expected = fault.expected;
    this.actual = fault.actual;
    this.hint = fault.hint;
  }
}

/**
 * Does one named step. What it throws becomes a RunError of this step with the thrown value as its
 * cause; a RunError from deeper inside knows more and is left alone.
 */
export async function atStep<T>(fault: Fault, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError({ ...fault, cause: error });
  }
}

/** The code of a Node system error (`ENOENT`), else undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' || typeof error.code === 'number'
    ? String(error.code)
    : undefined;
}
