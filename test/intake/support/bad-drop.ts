import type { ReasonCode } from '../../../supervisor/model/reason.ts';
import type { Host } from '../../stage/support/host.ts';

/** A drop that must be refused, as something that puts it into the maker's inbox. */
export interface BadDrop {
  what: string;
  code: ReasonCode;
  /** Where it can be found out: when its form is read, or when it is laid on a release. */
  at: 'intake' | 'stage';
  make: (host: Host, base: string) => void;
}

export const row = (
  what: string,
  code: ReasonCode,
  make: BadDrop['make'],
  at: BadDrop['at'] = 'intake',
): BadDrop => ({ what, code, make, at });
