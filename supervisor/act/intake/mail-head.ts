/** The head of one commit of `git format-patch`, or what stands before a plain `git diff`. */
export interface Head {
  /** Without `[PATCH n/m]`; null when there is none. */
  subject: string | null;
  body: string;
  /** Values of `Base:`, as a header or as a line of the body. */
  bases: string[];
  /** A transfer encoding that the diff would have to be decoded from; git does not. */
  encoded: string | null;
}

const headerLine = /^([A-Za-z][A-Za-z0-9-]*):[ \t]?(.*)$/;

/**
 * Read a head, given as lines of bytes (latin1, as all of a patch is read). The `From <id> <date>`
 * line of an mbox is a header of no name; headers end at a blank line.
 */
export function readHead(lines: readonly string[]): Head {
  const head: Head = { subject: null, body: '', bases: [], encoded: null };
  let at = lines[0]?.startsWith('From ') ? 1 : 0;
  if (!headerLine.test(lines[at] ?? '')) at = lines.length > at && lines[at] === '' ? at + 1 : at;
  for (let found = headerLine.exec(lines[at] ?? ''); found; ) {
    let value = found[2] as string;
    at += 1;
    for (; /^[ \t]+\S/.test(lines[at] ?? ''); at++) value += ` ${(lines[at] as string).trim()}`;
    keepHeader(head, (found[1] as string).toLowerCase(), value);
    found = headerLine.exec(lines[at] ?? '');
  }
  const rest = lines.slice(at);
  const dashes = rest.indexOf('---');
  const body = utf8((dashes === -1 ? rest : rest.slice(0, dashes)).join('\n')).trim();
  for (const [, base] of body.matchAll(/^Base:[ \t]*(\S+)[ \t]*$/gm)) head.bases.push(base ?? '');
  head.body = body;
  return head;
}

function keepHeader(head: Head, name: string, value: string): void {
  if (name === 'subject') {
    head.subject = withoutTags(decodeWords(value.slice(0, longestSubject)));
  } else if (name === 'base') head.bases.push(utf8(value).trim());
  else if (name === 'content-transfer-encoding') {
    const encoding = value.trim().toLowerCase();
    if (encoding === 'quoted-printable' || encoding === 'base64') head.encoded = encoding;
  }
}

/** Characters of a subject that are looked at. */
const longestSubject = 10_000;

/** Without `[PATCH 2/3]`, `[RFC]` and the like before it. */
function withoutTags(subject: string): string {
  let rest = subject.trim();
  for (;;) {
    const tag = /^\[[^\]]*\]/.exec(rest)?.[0];
    if (tag === undefined || !/PATCH|RFC/i.test(tag)) return rest;
    rest = rest.slice(tag.length).trim();
  }
}

/** Words as RFC 2047 encodes them (`=?utf-8?q?gr=C3=BCn?=`): format-patch does so to subjects. */
export function decodeWords(value: string): string {
  const joined = value.replace(/(\?=)\s+(=\?[\w.-]+\?[bq]\?)/gi, '$1$2');
  let out = '';
  let end = 0;
  for (const found of joined.matchAll(/=\?([\w.-]+)(?:\*[\w-]+)?\?([bq])\?([^?]*)\?=/gi)) {
    const [whole, charset, encoding, text] = found as unknown as [string, string, string, string];
    out += utf8(joined.slice(end, found.index)) + decodeWord(charset, encoding, text, whole);
    end = found.index + whole.length;
  }
  return out + utf8(joined.slice(end));
}

function decodeWord(charset: string, encoding: string, text: string, whole: string): string {
  const bytes =
    encoding.toLowerCase() === 'b'
      ? Buffer.from(text, 'base64')
      : Buffer.from(
          text
            .replaceAll('_', ' ')
            .replace(/=([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
          'latin1',
        );
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) return whole; // a charset that nobody knows: as it stands
    throw error;
  }
}

/** Bytes that were read as latin1, as the UTF-8 text that they are. */
function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
