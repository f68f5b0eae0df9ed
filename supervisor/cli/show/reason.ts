import type { Reason } from '../../model/reason.ts';
import { block, line } from './escape.ts';
import type { Paint } from './paint.ts';

/**
 * A reason laid out: what failed, at which step, with what, and what to do. The parts may carry
 * an agent's words (a path, an output), so each is escaped.
 */
export function reasonText(reason: Reason, paint: Paint): string {
  const { code, step, message, input, expected, actual, cause, hint } = reason;
  const lines = [
    `${paint.red(line(message, 2000))} ${paint.dim(`(${code})`)}`,
    part('step', step),
    part('input', input),
    part('expected', expected),
    part('actual', actual),
    part('cause', cause),
    `  ${'to do'.padEnd(8)}  ${paint.bold(line(hint, 1000))}`,
  ];
  return lines.filter((one) => one !== null).join('\n');
}

function part(name: string, value: string | null): string | null {
  if (value === null || value === '') return null;
  const label = `  ${name.padEnd(8)}`;
  if (!value.includes('\n') && value.length <= 300) return `${label}  ${line(value, 300)}`;
  return `${label}\n${block(value, { bar: '    | ', most: 4000, lines: 40 })}`;
}

/** A reason in one line, for lists. */
export function reasonLine(reason: Reason | null, most = 80): string {
  return reason === null ? '' : `${reason.code}: ${line(reason.message, most)}`;
}
