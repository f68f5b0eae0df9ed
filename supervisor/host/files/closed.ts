/** What the system does not let everybody look at, and who is not meant to see everything. */
import { Failure } from '../../model/reason.ts';
import { errorCode } from './files.ts';
import { lookAt } from './records.ts';

/** Codes of who may not; SQLite has its own, also where its side files cannot be made. */
const codes = /^(EACCES|EPERM|SQLITE_CANTOPEN|SQLITE_PERM|SQLITE_READONLY)/;

export const isClosed = (code: string | null | undefined): boolean => codes.test(code ?? '');

/** What an error says that we may not look at; null: it is about something else. */
export function closedPlace(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof Failure && (isClosed(at.reason.cause) || isClosed(errorCode(at.cause)))) {
      return at.reason.input ?? at.reason.message;
    }
    if (isClosed(errorCode(at))) return (at as NodeJS.ErrnoException).path ?? at.message;
  }
  return null;
}

/** Neither root nor the supervisor's own user: what such a one may not look at is no fault. */
export function isGuest(root: string): boolean {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return false;
  try {
    const owner = lookAt(root)?.uid;
    return owner !== undefined && owner !== uid;
  } catch (error) {
    if (closedPlace(error) !== null) return true;
    throw error;
  }
}
