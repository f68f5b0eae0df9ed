import picomatch from 'picomatch';
import type { Policy } from '../model/policy.ts';
import { includes } from '../model/policy.ts';
import { operator } from '../model/request.ts';

export interface Permission {
  allowed: boolean;
  approval: 'none' | 'operator';
  /** Index of the rule that decided; null when none matched. */
  rule: number | null;
}

/** What the policy says of one path changed by one proposer: first match decides, none refuses. */
export function permission(policy: Policy, proposer: string, path: string): Permission {
  const rule = policy.permissions.findIndex(
    (one) =>
      (one.agents === undefined || one.agents.includes(proposer) || proposer === operator) &&
      one.paths.some((glob) => matcher(glob)(path)),
  );
  if (rule < 0) return { allowed: false, approval: 'operator', rule: null };
  return { allowed: true, approval: policy.permissions[rule]?.approval ?? 'operator', rule };
}

/** Paths outside of what a release consists of. */
export function outside(policy: Policy, paths: readonly string[]): string[] {
  const roots = includes(policy).map((one) => one.to);
  return paths.filter((path) => !roots.some((to) => path === to || path.startsWith(`${to}/`)));
}

/** Paths that no rule lets this proposer change. */
export function forbidden(policy: Policy, proposer: string, paths: readonly string[]): string[] {
  return paths.filter((path) => !permission(policy, proposer, path).allowed);
}

/** Paths that need an operator's approval by their rule. */
export function needApproval(policy: Policy, proposer: string, paths: readonly string[]): string[] {
  return paths.filter((path) => permission(policy, proposer, path).approval === 'operator');
}

const compiled = new Map<string, (path: string) => boolean>();
function matcher(glob: string): (path: string) => boolean {
  let match = compiled.get(glob);
  if (match === undefined) {
    match = picomatch(glob, { dot: true });
    compiled.set(glob, match);
  }
  return match;
}
