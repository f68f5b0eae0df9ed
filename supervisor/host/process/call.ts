import { execa } from 'execa';
import { Failure } from '../../model/reason.ts';

export interface Called {
  /** null when it was ended by a signal. */
  exit: number | null;
  stdout: string;
  /** The end of it, or why it could not be started. */
  stderr: string;
}

const longest = 120_000;

/**
 * Run a program of the host to its end, with nothing of our environment but PATH. `within`:
 * milliseconds; 0: without a limit.
 */
export async function call(
  program: string,
  args: readonly string[],
  within = longest,
): Promise<Called> {
  const result = await execa(program, args, {
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: within,
    maxBuffer: 16 * 1024 * 1024,
  });
  const words = result.stderr || result.shortMessage || '';
  return { exit: result.exitCode ?? null, stdout: result.stdout, stderr: words.slice(-4000) };
}

/** As `call`, for one that must succeed; its stdout. Throws Failure `host-failed`. */
export async function mustCall(
  program: string,
  args: readonly string[],
  step: string,
  { good = [0], within = longest }: { good?: readonly number[]; within?: number } = {},
): Promise<string> {
  const { exit, stdout, stderr } = await call(program, args, within);
  if (exit !== null && good.includes(exit)) return stdout;
  throw new Failure('host-failed', {
    message: `${program} failed`,
    step,
    input: [program, ...args].join(' ').slice(0, 500),
    expected: `exit ${good.join(' or ')}`,
    actual: `exit ${exit}`,
    cause: stderr.trim().slice(-2000) || null,
  });
}
