/**
 * What an agent, a provider or a file said, made harmless for a terminal: control, escape,
 * bidirectional, invisible and unpaired characters are shown as `\u{1b}`, so that no text can
 * move the cursor, recolour, hide or reorder what stands beside it.
 */
const harmful =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u3164\uffa0]/gu;

const code = (one: string) => (one.codePointAt(0) ?? 0).toString(16);
const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line, of at most `most` characters; line breaks are shown as `\n`. */
export function line(text: string, most = 200): string {
  const cut = shorten(text, most);
  const shown = cut.text.replace(harmful, (one) => named[one] ?? `\\u{${code(one)}}`);
  return cut.left === 0 ? shown : `${shown}... (${cut.left} more)`;
}

/** An id, or a command that holds one: never cut, so that it can be copied. */
export const uncut = (text: string) => line(text, Number.POSITIVE_INFINITY);

/**
 * Several lines, each behind a bar, so that nothing in them passes for the command's own words.
 * At most `most` characters in `lines` lines.
 */
export function block(text: string, { most = 8000, lines = 60, bar = '  | ' } = {}): string {
  const cut = shorten(text, most);
  const all = cut.text.replace(/\r\n/g, '\n').split('\n');
  const shown = all.slice(0, lines).map((one) => bar + inBlock(one));
  const more = all.length - shown.length;
  if (more > 0) shown.push(`${bar}... (${more} more lines)`);
  if (cut.left > 0) shown.push(`${bar}... (${cut.left} more characters)`);
  return shown.join('\n');
}

function inBlock(text: string): string {
  return text.replaceAll('\t', '    ').replace(harmful, (one) => `\\u{${code(one)}}`);
}

/** Cut between characters, never inside one. */
function shorten(text: string, most: number): { text: string; left: number } {
  if (text.length <= most) return { text, left: 0 };
  const inside = /[\ud800-\udbff]/.test(text[most - 1] ?? '') ? 1 : 0;
  return { text: text.slice(0, most - inside), left: text.length - most + inside };
}

/** JSON that means the same and is safe to print: harmful characters as `\u001b`. */
export function json(value: unknown): string {
  const units = (one: string) =>
    [...Array(one.length).keys()]
      .map((at) => `\\u${one.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('');
  // Line feeds are the layout's: inside a string JSON.stringify has escaped them already.
  const text = JSON.stringify(value, null, 2) ?? 'null';
  return text.replace(harmful, (one) => (one === '\n' ? one : units(one)));
}
