import { isUtf8 } from 'node:buffer';

/**
 * A file's name as text that survives JSON and SQLite, and back. Names are bytes on Linux: bytes
 * that are no UTF-8 are written `\xe9`, and a backslash `\\`, so that no two names look the same.
 */
export function nameToText(name: Uint8Array): string {
  const bytes = Buffer.from(name);
  if (isUtf8(bytes)) return bytes.toString('utf8').replaceAll('\\', '\\\\');
  let text = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    if (plain) text += String.fromCharCode(byte);
    else text += byte === 0x5c ? '\\\\' : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

/** The bytes of a name that nameToText wrote. */
export function textToName(text: string): Buffer {
  const parts: Buffer[] = [];
  for (const [part] of text.matchAll(/\\\\|\\x[0-9a-f]{2}|[^\\]+|\\/gu)) {
    if (part === '\\\\') parts.push(Buffer.from('\\'));
    else if (part.startsWith('\\x') && part.length === 4) {
      parts.push(Buffer.from([Number.parseInt(part.slice(2), 16)]));
    } else parts.push(Buffer.from(part, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** `folder` and a name from nameToText, as a path for the system. */
export function pathOf(folder: string, text: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), textToName(text)]);
}
