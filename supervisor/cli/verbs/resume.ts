import type { Call, Result } from '../call.ts';
import { switchOff } from '../switch-on.ts';
import { scopeOf } from '../switch-scope.ts';

export function verb(call: Call): Result {
  const { scope, target } = scopeOf(call);
  return switchOff(call, scope, target);
}
