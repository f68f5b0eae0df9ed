import { parse, stringify } from 'yaml';

/** A Markdown file: YAML fields between two lines `---`, then a body. Both may be missing. */
export interface Document {
  fields: Record<string, unknown>;
  body: string;
}

const FENCE = /^---[ \t]*\r?\n/;
const CLOSING = /^---[ \t]*(\r?\n|$)/m;

/** Throws an Error that says what is wrong with the front matter. */
export function parseDocument(text: string): Document {
  const opening = FENCE.exec(text);
  if (!opening) return { fields: {}, body: text.trim() };
  const rest = text.slice(opening[0].length);
  const closing = CLOSING.exec(rest);
  if (!closing) throw new Error('the front matter begins with --- and is never closed');
  const fields: unknown = parse(rest.slice(0, closing.index), { maxAliasCount: 10 }) ?? {};
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new Error('the front matter is not a list of "name: value" lines');
  }
  const body = rest.slice(closing.index + closing[0].length).trim();
  return { fields: fields as Record<string, unknown>, body };
}

export function formatDocument({ fields, body }: Document): string {
  const told = Object.entries(fields).filter(([, value]) => value !== undefined);
  const head = told.length === 0 ? '' : `---\n${stringify(Object.fromEntries(told))}---\n\n`;
  return `${head}${body.trim()}\n`;
}
