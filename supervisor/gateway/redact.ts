import { hide, redacted } from '../host/secrets.ts';

export interface Redactor {
  /** From now on this text is never shown. */
  hide(secret: string): () => void;
  /** The text without secrets and at most `longest` characters long. */
  clean(text: string, longest?: number): string;
}

/** What may be traced of one text. */
const LONGEST = 2000;

/** Secrets are taken out before the text is cut: half a key would be a secret still. */
export function redactor(): Redactor {
  return { hide, clean: (text, longest = LONGEST) => cut(redacted(text), longest) };
}

/** At most `longest` characters, and it says so when something was left out. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const more = ` ... (${text.length - longest} more characters)`;
  return text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '') + more;
}

/** The same value with every text in it cleaned. */
export function cleanAll<T>(value: T, redact: Redactor): T {
  if (typeof value === 'string') return redact.clean(value) as T;
  if (Array.isArray(value)) return value.map((one) => cleanAll(one, redact)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).map(([key, one]) => [key, cleanAll(one, redact)]);
  return Object.fromEntries(pairs);
}

/**
 * What a provider said, as a run may hear it: written anew, since in its own bytes a name that
 * stands twice or an escape could carry what nobody sees who reads the value.
 */
export function withoutSecrets<T>(value: T): { text: string; value: T } {
  const plain = JSON.stringify(value);
  const text = redacted(plain);
  return { text, value: text === plain ? value : JSON.parse(text) };
}
