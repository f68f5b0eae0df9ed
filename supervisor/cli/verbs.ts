import type { Verb } from './call.ts';
import { change } from './groups/change.ts';
import { keep } from './groups/keep.ts';
import { look } from './groups/look.ts';
import { operate } from './groups/operate.ts';
import { policy } from './groups/policy.ts';
import { stop } from './groups/stop.ts';

/** One verb as the parser and the help know it; its code is loaded only when it is called. */
export interface VerbEntry {
  /** `policy check` is `check` under `policy`. */
  name: string;
  args: string;
  summary: string;
  options: readonly (readonly [flags: string, description: string])[];
  /** Options that must be given. */
  required?: readonly (readonly [flags: string, description: string])[];
  notes?: string;
  /** For units, not for people: not in the help. */
  hidden?: true;
  load: () => Promise<{ verb: Verb }>;
}

/** Verbs with one purpose, as the help shows them. */
export interface Group {
  title: string;
  verbs: readonly VerbEntry[];
}

/** Every verb, by purpose. */
export const groups: readonly Group[] = [operate, change, stop, look, keep, policy];
