/** The reason of what a verb threw; where it is closed to who asks: whom to ask instead. */
import { closedPlace, isGuest } from '../host/files/closed.ts';
import { lookAt } from '../host/files/records.ts';
import { isOperator } from '../host/sandbox/operators.ts';
import { userName } from '../host/sandbox/users.ts';
import { Failure, type Reason, reason, reasonOf } from '../model/reason.ts';
import { systemWords } from '../model/system-words.ts';
import type { Place } from './place.ts';

/** `place`: null while it is not known yet. */
export function reasonFor(error: unknown, place: Place | null): Reason {
  const plain = systemReason(error);
  const closed = closedPlace(error);
  if (place === null || closed === null || !`${closed}/`.startsWith(`${place.root}/`)) return plain;
  if (!isGuest(place.root)) return plain;
  const uid = process.geteuid?.() ?? 0;
  const said = error instanceof Failure ? `${plain.message}: ` : '';
  const { step, input, cause } = plain;
  const message = `${said}${closed} is closed to ${userName(uid)}`;
  return reason('not-operator', { message, step, input, cause, ...whom(place, uid) });
}

function whom({ checkout, root }: Place, uid: number): { expected: string; hint?: string } {
  if (checkout !== null) {
    const owner = userName(lookAt(root)?.uid ?? 0);
    return { expected: `root, or ${owner}`, hint: `Ask as root or as ${owner}.` };
  }
  if (isOperator(uid)) return { expected: 'root', hint: 'Ask as root.' };
  return { expected: 'root, or a member of the group airlock-operators' };
}

/** What the system refuses (no permission, no room) is the host's matter, not a fault of ours. */
function systemReason(error: unknown): Reason {
  if (error instanceof Failure || !(error instanceof Error) || !('syscall' in error)) {
    return reasonOf(error, 'command');
  }
  const { path, code } = error as NodeJS.ErrnoException;
  const hint =
    code === 'EACCES' || code === 'EPERM' ? 'Run it as the user of the supervisor.' : null;
  const message = systemWords(error.message, error);
  const parts = { message, step: 'command', input: path ?? null };
  return reason('host-failed', hint === null ? parts : { ...parts, hint });
}
