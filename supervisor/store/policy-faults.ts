/** What is wrong with a policy although its form is right: each fault with its place and remedy. */
import { posix } from 'node:path';
import { cronFaults, zoneFault } from '../host/time/timer.ts';
import { includes, type Policy, policySchema } from '../model/policy.ts';
import { agentName } from '../model/runtime.ts';
import { type Fault, pathText, withoutPassword } from './faults.ts';

export interface PolicyFault extends Fault {
  hint: string;
}

type Keys = PropertyKey[];

/** The parts of a policy whose own form is right: what can be judged beside faults of form. */
export type PolicyParts = Partial<Policy>;

export function partsOf(found: unknown): PolicyParts {
  if (typeof found !== 'object' || found === null) return {};
  const parts = Object.entries(policySchema.shape).flatMap(([key, schema]) => {
    const judged = schema.safeParse((found as Record<string, unknown>)[key]);
    return judged.success ? [[key, judged.data]] : [];
  });
  return Object.fromEntries(parts);
}

export function policyFaults(policy: PolicyParts): PolicyFault[] {
  return [
    ...tickFaults(policy),
    ...includeFaults(policy),
    ...globFaults(policy),
    ...modelFaults(policy),
    ...passwordFaults(policy),
    ...canaryFaults(policy),
    ...limitFaults(policy),
  ];
}

function fault(keys: Keys, expected: string, actual: string, hint: string): PolicyFault {
  const path = pathText(keys);
  return { path, keys, message: `${path}: ${expected}`, expected, actual, hint };
}

function tickFaults({ tick, timezone }: PolicyParts): PolicyFault[] {
  const example = 'Write five or six fields, such as "*/15 * * * *".';
  const faults = tick ? cronFaults(tick).map((what) => fault(['tick'], what, tick, example)) : [];
  if (timezone === undefined || zoneFault(timezone) === null) return faults;
  const zone = 'must be a time zone of this machine';
  return [...faults, fault(['timezone'], zone, timezone, 'Write UTC, or a name as Europe/Berlin.')];
}

function includeFaults({ runtime }: PolicyParts): PolicyFault[] {
  if (!runtime) return [];
  const seen = new Map<string, string>();
  return includes({ runtime }).flatMap(({ from, to }, index) => {
    const keys = ['runtime', 'include', index];
    const inside = 'Name a file or folder below runtime.source, without "..".';
    const faults = [from, to]
      .filter((path, nth, both) => leaves(path) && both.indexOf(path) === nth)
      .map((path) => fault(keys, 'must be a plain path inside the runtime', path, inside));
    const clash = [...seen].find(([other]) => overlaps(other, to));
    seen.set(to, from);
    if (!clash) return faults;
    const what = `must not overlap with "${clash[0]}", which is included already`;
    return [...faults, fault(keys, what, to, 'Include each path once.')];
  });
}

function leaves(path: string): boolean {
  return posix.isAbsolute(path) || path !== posix.normalize(path) || /^\.\.?(\/|$)/.test(path);
}

const overlaps = (a: string, b: string) =>
  a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);

function globFaults({ permissions = [] }: PolicyParts): PolicyFault[] {
  return permissions.flatMap(({ paths }, rule) =>
    paths.flatMap((glob, index) => {
      const what = globFault(glob);
      if (what === null) return [];
      const hint = 'Write a path of the runtime; * stays in a folder, ** crosses folders.';
      return fault(['permissions', rule, 'paths', index], what, glob, hint);
    }),
  );
}

function globFault(glob: string): string | null {
  if (glob.startsWith('!')) return 'must not be negated: a rule with an earlier place excludes';
  if (glob.includes('\\')) return 'must not have backslashes';
  if (glob.startsWith('/') || /^\.\.?\/|(^|\/)\.\.?(\/|$)|\/\//.test(glob)) {
    return 'must be relative to the release, without "." and ".."';
  }
  const unclosed = unclosedBracket(glob);
  return unclosed === null ? null : `must be a pattern: "${unclosed}" has no partner`;
}

const partners: Record<string, string> = { '[': ']', '{': '}', '(': ')' };

/** A bracket without its partner: such a pattern is taken by the letter, which nobody means. */
function unclosedBracket(glob: string): string | null {
  const open: string[] = [];
  for (const sign of glob) {
    const inClass = open.at(-1) === '[';
    if (sign in partners && !inClass) open.push(sign);
    else if (Object.values(partners).includes(sign) && (sign === ']' || !inClass)) {
      if (partners[open.pop() ?? ''] !== sign) return sign;
    }
  }
  return open.at(-1) ?? null;
}

function modelFaults({ models, smoke }: PolicyParts): PolicyFault[] {
  if (!models) return [];
  const names = Object.keys(models);
  const faults: PolicyFault[] = [];
  if (names.length === 0) {
    const hint = 'Add one, such as cheap: [{provider: rehearsal}].';
    faults.push(fault(['models'], 'must have at least one name', '{}', hint));
  }
  if (names.includes('rehearsal')) {
    const hint = 'Choose another name: smoke.model uses this one for the rehearsal model itself.';
    faults.push(fault(['models', 'rehearsal'], 'must not be named so', 'rehearsal', hint));
  }
  for (const name of names.filter((one) => !/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/.test(one))) {
    const what = 'must be a name of at most 64 letters, digits and _ . : -';
    faults.push(fault(['models', name], what, name, 'Rename it here and in config/.'));
  }
  if (smoke && smoke.model !== 'rehearsal' && !names.includes(smoke.model)) {
    const what = `must be rehearsal or one of models: ${names.join(', ')}`;
    const hint = 'Name a model of models, or rehearsal.';
    faults.push(fault(['smoke', 'model'], what, smoke.model, hint));
  }
  return faults;
}

/** It would stand in each copy of the policy, and wherever the URL is named. */
function passwordFaults({ models }: PolicyParts): PolicyFault[] {
  return Object.entries(models ?? {}).flatMap(([name, upstreams]) =>
    upstreams.flatMap((one, index) => {
      if (one.provider === 'rehearsal') return [];
      const { username, password } = new URL(one.url);
      if (username + password === '') return [];
      const hint = 'Take it out; write the key into a file of its own, which keyFile names.';
      const what = 'must have no user and no password in it';
      return fault(['models', name, index, 'url'], what, withoutPassword(one.url), hint);
    }),
  );
}

function canaryFaults({ canary }: PolicyParts): PolicyFault[] {
  if (!canary || agentName.safeParse(canary.agent).success) return [];
  const hint = 'Write auto, or the name of one agent.';
  return [fault(['canary', 'agent'], 'must be auto or the name of an agent', canary.agent, hint)];
}

/** Times that must fit into each other. */
function limitFaults({ bake, limits }: PolicyParts): PolicyFault[] {
  const faults: PolicyFault[] = [];
  if (bake && bake.max < bake.for) {
    const actual = `${bake.max}ms against ${bake.for}ms`;
    faults.push(fault(['bake', 'max'], 'must be at least bake.for', actual, 'Raise bake.max.'));
  }
  if (limits && limits.run.flood < limits.run.output) {
    const actual = `${limits.run.flood} against ${limits.run.output} bytes`;
    const hint = 'Raise limits.run.flood.';
    faults.push(fault(['limits', 'run', 'flood'], 'must be at least output', actual, hint));
  }
  return faults;
}
