import { host, keptProofs } from '../../model/state.ts';
import type { Draft } from '../draft.ts';

/** These passed the suite under this policy: they need not show it again at once. */
export function proven(draft: Draft, passed: string[], suite: string, policy: string): void {
  const known = host(draft.state).proofs.filter((one) => !passed.includes(one.release));
  const fresh = passed.map((release) => ({ release, suite, policy, at: draft.now }));
  draft.host({ proofs: [...known, ...fresh].slice(-keptProofs) });
}
