import { type Call, type Result, text } from '../call.ts';
import { switchOn } from '../switch-on.ts';
import { scopeOf } from '../switch-scope.ts';

export function verb(call: Call): Result {
  const { scope, target } = scopeOf(call);
  return switchOn(call, scope, target, text(call, 'reason') ?? '');
}
