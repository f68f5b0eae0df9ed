import type { Halt } from '../model/halt.ts';
import { type Call, flag, text, usage } from './call.ts';

type Scope = Pick<Halt, 'scope' | 'target'>;

/** Exactly one of --host, --tenant, --agent, --run, --tool. */
export function scopeOf(call: Call): Scope {
  const given: Scope[] = (['tenant', 'agent', 'run', 'tool'] as const).flatMap((scope) => {
    const target = text(call, scope);
    return target === null ? [] : [{ scope, target }];
  });
  if (flag(call, 'host')) given.push({ scope: 'host', target: null });
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  throw usage('say exactly one of --host, --tenant, --agent, --run, --tool');
}

export const scopeText = ({ scope, target }: Scope): string =>
  target === null ? scope : `${scope} ${target}`;
