const LONGEST_RESULT = 50_000;
const PLACEHOLDER = /^(todo|tbd|fixme|n\/a|none|null|undefined|placeholder|[.?…\s-]+)$/i;

/** What is wrong with the result of a task, or null. A task is completed only with a result. */
export function faultOfResult(text: string): string | null {
  const plain = text.trim();
  if (plain === '') return 'The result is empty: say what you did and what came out of it.';
  if (PLACEHOLDER.test(plain)) return `"${plain}" is a placeholder, not a result.`;
  return faultOfLength(plain, 'The result');
}

/** What is wrong with words meant for somebody, or null. */
export function faultOfWords(text: string): string | null {
  if (text.trim() === '') return 'The text is empty.';
  return faultOfLength(text, 'The text');
}

function faultOfLength(text: string, what: string): string | null {
  if (text.length <= LONGEST_RESULT) return null;
  return `${what} has ${text.length} characters; at most ${LONGEST_RESULT} are taken.`;
}

/** What is wrong with the path of a file in a proposal, or null. */
export function faultOfPath(path: string): string | null {
  const parts = path.split('/');
  const plain = !/[\p{C}\\]/u.test(path) && Buffer.byteLength(path) <= 512;
  const inside = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (plain && inside) return null;
  return `"${path}" is no path of the release: relative, with /, without "..", at most 512 bytes.`;
}
