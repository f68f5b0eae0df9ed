import { type Call, type Result, text } from '../call.ts';
import { switchOn } from '../switch-on.ts';

export function verb(call: Call): Result {
  return switchOn(call, 'lockdown', null, text(call, 'reason') ?? '');
}
