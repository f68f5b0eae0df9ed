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
  // What the schema itself says belongs there.
  if (issue.message.startsWith('must ')) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return 'options' in issue ? oneOf(issue.options as unknown[]) : 'must be another value';
    case 'too_small':
      return bound(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum);
    case 'too_big':
      return bound(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum);
    case 'invalid_format':
      return issue.format === 'url' ? 'must be a URL such as https://host/' : issue.message;
    default:
      return issue.message;
  }
}

/** The kinds of YAML values in plain words. */
const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
};

const oneOf = (values: readonly unknown[]) =>
  `must be ${values.length > 1 ? 'one of ' : ''}${values.map(String).join(', ')}`;

/** A number is so large; a text or a list has so many of something. */
function bound(origin: string, how: string, limit: number | bigint): string {
  if (origin !== 'string' && origin !== 'array') return `must be ${how} ${limit}`;
  if (how === 'at least' && limit === 1) return 'must not be empty';
  return `must have ${how} ${limit} ${origin === 'string' ? 'characters' : 'entries'}`;
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

/** What stands in a URL for a user and a password: up to the last @, whatever it is made of. */
export const withoutPassword = (text: string): string =>
  text.replace(/(:\/\/)[^\s"]*@/g, '$1[secret]@');

/** A value as it is shown in a fault: short, and without what nobody else may know. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = withoutPassword(JSON.stringify(value) ?? String(value));
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
