/**
 * YAML that strangers wrote. The `yaml` package calls itself for each level of nesting: near the
 * end of the stack V8 cannot compile a regular expression and ends the whole process, which no
 * `catch` prevents. So depth is measured before anything that recurses sees the text.
 */
import {
  Composer,
  type CST,
  type Document,
  isNode,
  isScalar,
  Lexer,
  type LineCounter,
  Parser,
  visit,
} from 'yaml';

export interface YamlOptions {
  lineCounter?: LineCounter;
  schema?: 'core';
  /** How often what an alias stands for may be unfolded. */
  maxAliasCount: number;
}

export type BoundedYaml =
  | { kind: 'parsed'; value: unknown; document: Document.Parsed }
  /** `at`: offset in the text; null when the whole is meant. */
  | { kind: 'faulty'; faults: { message: string; at: number | null }[] };

/** Levels of lists and maps within one another. */
const deepest = 100;

/** More faults than these help nobody. */
const mostFaults = 100;

const tooDeep: BoundedYaml = {
  kind: 'faulty',
  faults: [{ message: `It is nested deeper than ${deepest} levels`, at: null }],
};

/** One document whose keys are words, as plain values; or all that is wrong with it. */
export function parseBounded(text: string, options: YamlOptions): BoundedYaml {
  const { lineCounter, maxAliasCount, schema } = options;
  const tokens = tokensOf(text, lineCounter);
  if (tokens === null || tokens.some((token) => depthOf(token, childrenOf) > deepest))
    return tooDeep;
  // The package compares each key with every other one of its map: 40,000 keys take 9 s.
  const plain = { prettyErrors: false, stringKeys: true, uniqueKeys: false };
  const style = { ...plain, ...(schema && { schema }) };
  const [document, second] = new Composer(style).compose(tokens, true, text.length);
  if (document === undefined) throw new Error('a text is one document at least');
  const faults = document.errors.map(({ message, pos }) => ({ message, at: pos[0] as number }));
  if (faults.length === 0) faults.push(...repeatedKeys(document));
  if (second !== undefined) {
    faults.push({ message: 'It contains multiple documents', at: second.range[0] });
  }
  if (faults.length > 0) return { kind: 'faulty', faults: faults.slice(0, mostFaults) };
  const value = unfolded(document, maxAliasCount);
  if (value instanceof Error) {
    return { kind: 'faulty', faults: [{ message: value.message, at: null }] };
  }
  // An alias of an alias of an alias is deep, too.
  return depthOf(value, within) > deepest ? tooDeep : { kind: 'parsed', value, document };
}

function repeatedKeys(document: Document.Parsed): { message: string; at: number }[] {
  const faults: { message: string; at: number }[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key;
        const at = isNode(key) && key.range ? key.range[0] : 0;
        if (seen.has(name)) faults.push({ message: 'Map keys must be unique', at });
        seen.add(name);
      }
    },
  });
  return faults;
}

/** Aliases that multiply into too much are an error here, not an exhausted memory. */
function unfolded(document: Document.Parsed, maxAliasCount: number): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** null: it goes so deep that lexer or parser would call themselves too often. */
function tokensOf(text: string, lineCounter: LineCounter | undefined): CST.Token[] | null {
  const parser = new Parser(lineCounter?.addNewLine);
  lineCounter?.addNewLine(0);
  const nesting = new Nesting();
  const tokens: CST.Token[] = [];
  for (const word of new Lexer().lex(text)) {
    if (nesting.after(word) > mostWords) return null;
    for (const token of parser.next(word)) tokens.push(token);
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

/** Blanks, comments, and the marks that the lexer itself puts between. */
const silent = /^[\s#\p{Cc}]/u;

/** Each level takes a word or two: `-`, or a key and its `:`. */
const mostWords = 4 * deepest;

/** How many words stand within one another, at most: seen as the lexer gives them. */
class Nesting {
  /** Columns of words that have not ended: a line further left ends those to its right. */
  readonly #columns: number[] = [];
  #column = 0;
  #first = true;
  /** Within brackets, and the words since the last bracket or comma. */
  #brackets = 0;
  #row = 0;

  after(word: string): number {
    if (word === '[' || word === '{') this.#brackets += 1;
    else if (word === ']' || word === '}') this.#brackets -= 1;
    if (this.#brackets > 0) this.#inBrackets(word);
    else if (!silent.test(word)) this.#inBlock();
    this.#advance(word);
    return this.#columns.length + Math.max(0, this.#brackets) + this.#row;
  }

  #inBrackets(word: string): void {
    if (/^[[\]{},]$/.test(word)) this.#row = 0;
    else if (!silent.test(word)) this.#row += 1;
  }

  #inBlock(): void {
    this.#row = 0;
    const columns = this.#columns;
    while (this.#first && columns.length > 0 && (columns.at(-1) as number) >= this.#column) {
      columns.pop();
    }
    columns.push(this.#column);
    this.#first = false;
  }

  #advance(word: string): void {
    const line = word.lastIndexOf('\n');
    if (line === -1) this.#column += word.length;
    else this.#column = word.length - line - 1;
    if (line !== -1 && line === word.length - 1) this.#first = true;
  }
}

/** Tokens that a token holds. */
function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [
    ...(key ? [key] : []),
    ...(value ? [value] : []),
  ]);
}

function within(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** How deep a value goes, without calling itself; what is held twice is looked at once. */
function depthOf<T>(top: T, inside: (value: T) => T[]): number {
  const known = new Map<T, number>();
  const open: { value: T; inner: T[]; depth: number }[] = [];
  const enter = (value: T) => open.push({ value, inner: inside(value), depth: 0 });
  enter(top);
  for (;;) {
    const last = open.at(-1) as (typeof open)[number];
    if (open.length > 10 * deepest) return open.length;
    const next = last.inner.pop();
    if (next !== undefined && next !== null) {
      const depth: number | undefined = known.get(next);
      if (depth === undefined) enter(next);
      else last.depth = Math.max(last.depth, depth + 1);
      continue;
    }
    if (last.inner.length > 0) continue;
    open.pop();
    known.set(last.value, last.depth);
    const around = open.at(-1);
    if (around === undefined) return last.depth;
    around.depth = Math.max(around.depth, last.depth + 1);
  }
}
