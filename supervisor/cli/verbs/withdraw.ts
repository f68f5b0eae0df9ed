import { ask } from '../ask.ts';
import { argument, type Call, type Result } from '../call.ts';

export function verb(call: Call): Promise<Result> {
  return ask(call, { verb: 'withdraw', proposal: argument(call, 0) });
}
