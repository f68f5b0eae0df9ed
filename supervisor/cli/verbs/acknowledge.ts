import { ask } from '../ask.ts';
import { type Call, type Result, text } from '../call.ts';

/** What was found of the journal is known: status and doctor stop telling it. */
export function verb(call: Call): Promise<Result> {
  return ask(call, { verb: 'acknowledge', reason: text(call, 'reason') ?? '' });
}
