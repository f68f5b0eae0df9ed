import { Failure } from '../../model/reason.ts';
import { withoutPassword } from '../../store/faults.ts';
import { loadPolicy } from '../../store/policy.ts';
import { type Call, exits, type Result } from '../call.ts';
import { fileOf, needPolicy } from '../policy.ts';
import { line } from '../show/escape.ts';
import { span } from '../show/time.ts';

interface Difference {
  key: string;
  from: unknown;
  to: unknown;
}

/** What the policy file, or another, would change: by meaning, defaults filled in. */
export function verb(call: Call): Result {
  const before = needPolicy(call);
  const file = fileOf(call, 'policy diff');
  const { policy: after, faults } = loadPolicy(file);
  if (after === null) {
    const message = `${file} is no valid policy: ${faults[0]?.message}`;
    const hint = `\`airlock policy check ${file}\` names every fault.`;
    throw new Failure('policy-invalid', { message, step: 'policy diff', input: file, hint });
  }
  const all = differences(leaves(before.policy), leaves(after.policy));
  const text = () =>
    all.length === 0 ? 'They mean the same.' : all.map((one) => difference(one, call)).join('\n');
  return { exit: exits.done, json: { schema: 1, file, differences: all }, text };
}

function difference({ key, from, to }: Difference, { paint }: Call): string {
  return `${paint.bold(key)}\n  ${paint.red(`- ${value(key, from)}`)}\n  ${paint.green(
    `+ ${value(key, to)}`,
  )}`;
}

/** Every leaf of a policy by its path; lists are one leaf each: their order has a meaning. */
function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new Map([[path, value]]);
  }
  const below = Object.entries(value).map(([key, one]) => [
    ...leaves(one, path === '' ? key : `${path}.${key}`),
  ]);
  return new Map(below.flat());
}

export function differences(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): Difference[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys
    .map((key) => ({ key, from: before.get(key) ?? null, to: after.get(key) ?? null }))
    .filter(({ from, to }) => JSON.stringify(from) !== JSON.stringify(to));
}

/** Keys whose numbers are milliseconds. */
const times =
  /(\.|^)(within|for|max|expires|settle|wall|build|deps|jitter|backoff|drain|releaseScenarios)$/;

function value(key: string, one: unknown): string {
  if (one === null) return 'nothing';
  const time = times.test(key) || /^keep\.(traces|intake)$/.test(key);
  if (time && typeof one === 'number') return span(one);
  return line(withoutPassword(JSON.stringify(one)), 400);
}
