// Names in a git patch. They are bytes, read as latin1; whoever decodes them decides on UTF-8.

/** `a/X b/X`, both or none quoted; unquoted, X may hold spaces, so the halves must match. */
export function titleNames(text: string): { old: string; new: string } | null {
  if (text.startsWith('"') || text.endsWith('"')) return quotedNames(text);
  const middle = (text.length - 1) / 2;
  if (Number.isInteger(middle) && text[middle] === ' ') {
    const old = stripped(text.slice(0, middle));
    const fresh = stripped(text.slice(middle + 1));
    if (old !== null && old === fresh) return { old, new: fresh };
  }
  return null;
}

function quotedNames(text: string): { old: string; new: string } | null {
  const first = text.startsWith('"') ? unquote(text) : plainName(text);
  if (!first) return null;
  const rest = text.slice(first.length + 1);
  const second = rest.startsWith('"') ? unquote(rest) : { name: rest, length: rest.length };
  const old = stripped(first.name);
  const fresh = second && stripped(second.name);
  return old === null || !fresh ? null : { old, new: fresh };
}

function plainName(text: string): { name: string; length: number } | null {
  const end = text.indexOf(' "');
  return end === -1 ? null : { name: text.slice(0, end), length: end };
}

/** Without `a/`, `b/`, or the other letters that git puts there; null when there is none. */
export function stripped(name: string): string | null {
  return /^[abciwo]\//.test(name) ? name.slice(2) : null;
}

const escapes: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** A name as git quotes it in C style; null when the quote does not end. `length`: of the input. */
export function unquote(text: string): { name: string; length: number } | null {
  let name = '';
  for (let at = 1; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '"') return { name, length: at + 1 };
    if (char !== '\\') {
      name += char;
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(text.slice(at + 1, at + 4));
    const next = text[at + 1] ?? '';
    const byte = octal ? Number.parseInt(octal[0], 8) : (escapes[next] ?? next.charCodeAt(0));
    if (next === '') return null;
    name += String.fromCharCode(byte);
    at += octal ? 3 : 1;
  }
  return null;
}
