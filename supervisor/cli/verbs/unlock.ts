import type { Call, Result } from '../call.ts';
import { switchOff } from '../switch-on.ts';

export function verb(call: Call): Result {
  return switchOff(call, 'lockdown', null);
}
