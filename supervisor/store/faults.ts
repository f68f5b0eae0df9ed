/**
 * Zod's issues in words that name the place, what belongs there and what stands there: for the
 * policy, a release's configuration and requests alike.
 */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

export interface Fault {
  /** `permissions[0].paths`; `the file` for the whole. */
  path: string;
  /** The same as keys, for finding its line. */
  keys: Path;
  message: string;
  expected: string;
  actual: string;
}

/** One fault for each thing that is wrong with a value, in the order of the schema. */
export function describeIssues(issues: readonly Issue[], value: unknown): Fault[] {
  return issues.flatMap((issue) => describe(issue, value, []));
}

function describe(issue: Issue, root: unknown, before: Path): Fault[] {
  const keys = [...before, ...issue.path];
  const found = at(root, keys);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const expected = 'a known key';
      const actual = show(at(root, [...keys, key]));
      const path = pathText([...keys, key]);
      return { path, keys: [...keys, key], message: `${path}: unknown key`, expected, actual };
    });
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return nearest(issue.errors).flatMap((inner) => describe(inner, root, keys));
  }
  const path = pathText(keys);
  const expected = expectation(issue);
  return [{ path, keys, message: `${path}: ${expected}`, expected, actual: show(found) }];
}

/** Of the forms that a value may have, the one that it comes nearest to. */
function nearest(forms: Issue[][]): Issue[] {
  const depth = (form: Issue[]) => Math.max(0, ...form.map((issue) => issue.path.length));
  const wrongType = (form: Issue[]) =>
    form.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0) ? 1 : 0;
  const order = (a: Issue[], b: Issue[]) =>
    wrongType(a) - wrongType(b) || depth(b) - depth(a) || a.length - b.length;
  return [...forms].sort(order)[0] ?? [];
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${withArticle(issue.expected)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map((one) => String(one)).join(', ')}`;
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unit(issue)}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unit(issue)}`;
    default:
      return issue.message;
  }
}

function unit({ origin }: { origin: string }): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function withArticle(type: string): string {
  const word = type === 'record' ? 'object' : type;
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
}

/** `models.cheap[0].url`. */
export function pathText(keys: Path): string {
  if (keys.length === 0) return 'the file';
  return keys.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

function at(value: unknown, keys: Path): unknown {
  let here = value;
  for (const key of keys) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[key];
  }
  return here;
}

/** A value as it is shown in a fault: short. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
