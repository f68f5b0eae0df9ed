import { ask } from '../ask.ts';
import { type Call, type Result, text } from '../call.ts';

export function verb(call: Call): Promise<Result> {
  return ask(call, { verb: 'abort', reason: text(call, 'reason') ?? '' });
}
