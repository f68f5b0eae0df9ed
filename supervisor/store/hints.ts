/** What to do about a fault in a file that a schema describes. */
import { z } from 'zod';
import type { Fault } from './faults.ts';

/** A remedy for one fault: the key that was meant, or what to write there. */
export function hintFor(schema: z.ZodType, fault: Fault): string {
  if (fault.expected === 'a known key') return hintForUnknownKey(schema, fault);
  if (fault.expected === 'valid YAML') return 'Mend the YAML: see that line and the one before.';
  const { expected, actual, path } = fault;
  if (fault.keys.length === 0 && expected === 'must be keys with values') {
    const known = knownKeys(schemaOf(schema), [path]).join(', ');
    return `Write keys with values; known keys are ${known}.`;
  }
  if (actual === 'nothing') return `Add ${path}; it ${expected}.`;
  return instead(expected, actual) ?? `Change ${path}; it ${expected}.`;
}

/** What to write, where the value that stands there says what was meant. */
function instead(expected: string, actual: string): string | null {
  const text = /^"(.*)"$/.exec(actual)?.[1];
  if (expected === 'must be a list' && actual !== 'null') {
    return `Write it as a list, in brackets: [${text ?? actual}].`;
  }
  if (text === undefined) return null;
  const number = /^must be (a|a whole) number$/.test(expected) && /^-?\d+(\.\d+)?$/.test(text);
  if (number) return `Write ${text} without quotes.`;
  const choices = /^must be one of (.+)$/.exec(expected)?.[1]?.split(', ') ?? [];
  const near = nearTo(text, choices);
  return near.length > 0 ? `Did you mean ${near.join(' or ')}?` : null;
}

const nearTo = (word: string, known: readonly string[]) =>
  known.filter((one) => distance(one, word) <= Math.max(1, word.length / 3));

function hintForUnknownKey(schema: z.ZodType, fault: Fault): string {
  const key = String(fault.keys.at(-1));
  const known = knownKeys(schemaOf(schema), fault.keys);
  const near = nearTo(key, known);
  if (near.length > 0) return `Did you mean ${near.join(' or ')}?`;
  if (known.length > 0) return `Remove it; known keys are ${known.join(', ')}.`;
  return 'Remove it.';
}

const schemaOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;

interface Node {
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  anyOf?: Node[];
  oneOf?: Node[];
}

/** Keys that an object may have where the unknown one stands. */
function knownKeys(root: Node, keys: readonly PropertyKey[]): string[] {
  let here = [root];
  for (const key of keys.slice(0, -1)) here = here.flatMap((node) => below(node, key));
  return [...new Set(here.flatMap(forms).flatMap((node) => Object.keys(node.properties ?? {})))];
}

const forms = (node: Node): Node[] => [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])];

function below(node: Node, key: PropertyKey): Node[] {
  return forms(node).flatMap((form) => {
    if (typeof key === 'number') return form.items ?? [];
    const named = form.properties?.[String(key)];
    if (named) return named;
    return typeof form.additionalProperties === 'object' ? form.additionalProperties : [];
  });
}

/** How many letters to change, add, leave out or swap with the next to make one word the other. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = cell(rows, i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? cell(rows, i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(cell(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1, change, swap));
    }
    rows.push(row);
  }
  return cell(rows, a.length, b.length);
}

const cell = (rows: number[][], i: number, j: number) => rows[i]?.[j] ?? 0;
