import { ask } from '../ask.ts';
import { type Call, type Result, text } from '../call.ts';

/** The version before is in force at once: it was before, so nothing is rehearsed. */
export function verb(call: Call): Promise<Result> {
  return ask(call, { verb: 'policy-rollback', reason: text(call, 'reason') ?? '' });
}
