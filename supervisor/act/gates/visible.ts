/**
 * Text from inside a sandbox, for people: control, escape and bidirectional characters made
 * visible, all but line feeds and tabs; at most its last `kept` characters.
 */
export function visible(text: string, kept: number): string {
  const tail = text.length > kept ? `[...]${text.slice(-kept)}` : text;
  return tail.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (one) => {
    if (one === '\n' || one === '\t') return one;
    return `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
