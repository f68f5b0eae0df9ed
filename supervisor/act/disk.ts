import { errorCode, freeBytes } from '../host/files/files.ts';
import { Failure } from '../model/reason.ts';

/** With less than this left, a program that failed will have failed for want of it. */
const scarce = 64 * 1024;

/**
 * What the disk refused, as a Failure. A Failure stays what it is, unless it came of a program of
 * the host on a disk that is full. Call it before anything is cleared away.
 */
export function diskFailure(error: unknown, step: string, input: string): Failure {
  if (error instanceof Failure) {
    const full = error.reason.code === 'host-failed' && freeBytes(input) < scarce;
    if (!full) return error;
    return new Failure('host-failed', { message: 'The disk is full', step, input }, error);
  }
  const code = errorCode(error);
  if (code === null)
    return new Failure('internal', { message: 'A fault of Airlock', step, input }, error);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const message = full ? 'The disk is full' : 'The disk refused';
  return new Failure('host-failed', { message, step, input }, error);
}
