import { codeOf } from './errors.ts';

/** One error of the tree that a failure is. */
export interface Cause {
  /** 0 is the failure itself. */
  depth: number;
  text: string;
}

const MOST = 32;
const LONGEST = 1000;

/**
 * The whole tree of a failure, through `cause` and the members of aggregates (which may hold
 * further aggregates, as a task group's do): by depth, the failure itself first, so that the last
 * one is the innermost. Survives circles; at most 32 entries of 1,000 characters.
 */
export function unfold(failure: unknown): Cause[] {
  const found: Cause[] = [];
  const seen = new Set<unknown>();
  let level: unknown[] = [failure];
  for (let depth = 0; level.length > 0 && found.length < MOST; depth++) {
    const deeper: unknown[] = [];
    for (const error of level) {
      if (seen.has(error) || found.length === MOST) continue;
      seen.add(error);
      found.push({ depth, text: textOf(error) });
      deeper.push(...inside(error));
    }
    level = deeper;
  }
  return found;
}

function inside(error: unknown): unknown[] {
  if (typeof error !== 'object' || error === null) return [];
  const members = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  const cause = 'cause' in error && error.cause !== undefined ? [error.cause] : [];
  return [...members, ...cause];
}

/** `TypeError: x is not a function (CODE)`, of any thrown value. */
export function textOf(error: unknown): string {
  return clip(describe(error));
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `thrown, not an error: ${readable(error)}`;
  const code = codeOf(error);
  const name = error.name === 'RunError' ? '' : `${error.name}: `;
  const told = code === undefined || error.message.includes(code);
  return `${name}${error.message}${told ? '' : ` (${code})`}`;
}

function readable(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Circular or a BigInt: its own words are all there is.
    return String(value);
  }
}

/** At most 1,000 characters of a text. */
export function clip<T extends string | undefined>(text: T): T | string {
  return text === undefined || text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (cut)`;
}
