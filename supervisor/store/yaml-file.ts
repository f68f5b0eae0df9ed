/** YAML files whose every fault is told at once, each with its line. */
import { type Document, isMap, isNode, isScalar, LineCounter, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { readSmall, type Small } from '../host/files/records.ts';
import { describeIssues, type Fault, withoutPassword } from './faults.ts';
import { parseBounded } from './yaml-bounded.ts';

export type { Fault };

/** A fault with the line it stands on; 0 when the whole file is meant. */
export interface FileFault extends Fault {
  line: number;
}

export type LineOf = (keys: readonly PropertyKey[]) => number;

export type Read<T> =
  /** `found`: what it says, where it is YAML at all. */
  | { kind: 'valid'; value: T; found: unknown; content: Buffer; lineOf: LineOf }
  | { kind: 'faulty'; faults: FileFault[]; found: unknown; lineOf: LineOf }
  | { kind: 'unread'; why: Unread };

export type Unread = Exclude<Small, { kind: 'file' }>;

/** A text as YAML, whose keys are words, or all that is wrong with it. */
export function parseYaml(
  text: string,
): { kind: 'parsed'; value: unknown; lineOf: LineOf } | { kind: 'faulty'; faults: FileFault[] } {
  const lines = new LineCounter();
  const parsed = parseBounded(text, { lineCounter: lines, maxAliasCount: 100 });
  if (parsed.kind === 'faulty') {
    const faults = parsed.faults.map(({ message: said, at }) => {
      const message = withoutPassword(said);
      if (at === null) return whole(message);
      const { line } = lines.linePos(at);
      return { ...whole(message), message: `line ${line}: ${message}`, line };
    });
    return { kind: 'faulty', faults };
  }
  const { value, document } = parsed;
  const lineOf = (keys: readonly PropertyKey[]) => lineIn(document, lines, keys);
  return { kind: 'parsed', value, lineOf };
}

/** Read and judge a YAML file by a schema. */
export function readYaml<T>(file: string, schema: z.ZodType<T>, limit: number): Read<T> {
  const small = readSmall(file, limit);
  if (small.kind !== 'file') return { kind: 'unread', why: small };
  return judgeYaml(small.content, schema);
}

/** The same for a file that was read. */
export function judgeYaml<T>(
  content: Buffer,
  schema: z.ZodType<T>,
): Exclude<Read<T>, { kind: 'unread' }> {
  const parsed = parseYaml(content.toString());
  if (parsed.kind === 'faulty') return { ...parsed, found: undefined, lineOf: () => 0 };
  const { value, lineOf } = parsed;
  const judged = schema.safeParse(value);
  if (judged.success) return { kind: 'valid', value: judged.data, found: value, content, lineOf };
  const faults = describeIssues(judged.error.issues, value).map((one) => {
    return { ...one, line: lineOf(one.keys) };
  });
  return { kind: 'faulty', faults, found: value, lineOf };
}

function whole(message: string): FileFault {
  const fault = { path: 'the file', keys: [], expected: 'valid YAML', actual: message, line: 0 };
  return { ...fault, message };
}

/** The line of a key, or of the nearest thing around it that is there. */
function lineIn(
  document: Document.Parsed,
  lines: LineCounter,
  keys: readonly PropertyKey[],
): number {
  for (let length = keys.length; length > 0; length--) {
    const around = document.getIn(keys.slice(0, length - 1), true);
    const last = keys[length - 1] as string | number;
    const node = isMap(around)
      ? keyNode(around, last)
      : document.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 0;
}

function keyNode(map: YAMLMap, key: string | number): unknown {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.key;
}
