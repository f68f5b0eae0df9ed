import { errorCode } from '../host/files.ts';
import { Failure } from '../model/reason.ts';

/** What the disk refused, as a Failure; a Failure stays what it is. */
export function diskFailure(error: unknown, step: string, input: string): Failure {
  if (error instanceof Failure) return error;
  const code = errorCode(error);
  if (code === null)
    return new Failure('internal', { message: 'A fault of Airlock', step, input }, error);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const message = full ? 'The disk is full' : 'The disk refused';
  return new Failure('host-failed', { message, step, input }, error);
}
