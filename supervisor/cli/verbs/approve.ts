import { ask } from '../ask.ts';
import { argument, type Call, type Result, text } from '../call.ts';

export function verb(call: Call): Promise<Result> {
  return ask(call, {
    verb: 'approve',
    proposal: argument(call, 0),
    digest: text(call, 'digest') ?? '',
  });
}
