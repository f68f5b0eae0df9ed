import { gunzipSync } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { errorCode } from '../files/files.ts';
import type { Member } from './take.ts';

export type Tarball =
  | { kind: 'members'; members: Member[] }
  | { kind: 'fault'; fault: 'too-big' | 'too-many-files' | 'malformed'; cause: string };

export interface TarballLimits {
  /** Of all contents together. */
  bytes: number;
  /** Members. */
  files: number;
}

/** What headers, padding and long names may add to a member. */
const overhead = 8 * 1024;
/** How gzip and zstd data start. */
const packings = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])];

/**
 * Read a .tar.gz from memory; nothing is written anywhere. Bounded: decompression stops at what
 * the limits can hold, so a bomb costs no more than an honest archive.
 */
export function readTarball(packed: Uint8Array, limits: TarballLimits): Tarball {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(packed, { maxOutputLength: limits.bytes + limits.files * overhead });
  } catch (error) {
    const fault = errorCode(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too-big' : 'malformed';
    return { kind: 'fault', fault, cause: String(error) };
  }
  // The parser unpacks what is packed again, without bounds.
  if (packings.some((magic) => bytes.subarray(0, magic.length).equals(magic))) {
    return { kind: 'fault', fault: 'malformed', cause: 'packed twice' };
  }
  return parse(bytes, limits);
}

function parse(bytes: Buffer, limits: TarballLimits): Tarball {
  const members: Member[] = [];
  let total = 0;
  let fault: Tarball | null = null;
  const fail = (kind: 'too-big' | 'too-many-files' | 'malformed', cause: string) => {
    fault ??= { kind: 'fault', fault: kind, cause };
  };
  const take = (entry: ReadEntry) => {
    const member = memberOf(entry);
    members.push(member);
    const chunks: Buffer[] = [];
    if (members.length > limits.files) fail('too-many-files', `more than ${limits.files} members`);
    total += entry.size;
    if (total > limits.bytes) fail('too-big', `more than ${limits.bytes} bytes`);
    entry.on('data', (chunk: Buffer) => {
      if (fault === null) chunks.push(chunk);
    });
    entry.on('end', () => {
      member.content = Buffer.concat(chunks);
    });
    entry.resume();
  };
  const parser = new Parser({ strict: true, onReadEntry: take, maxMetaEntrySize: 64 * 1024 });
  // Sparse files, multi-volume parts and long names beyond all bounds: kinds that nobody needs.
  parser.on('ignoredEntry', (entry: ReadEntry) =>
    fail('malformed', `a member of type ${entry.type}`),
  );
  parser.on('error', (error: unknown) => fail('malformed', String(error)));
  try {
    parser.write(bytes);
    parser.end();
  } catch (error) {
    fail('malformed', String(error));
  }
  return fault ?? { kind: 'members', members };
}

function memberOf(entry: ReadEntry): Member {
  const mode = entry.mode ?? 0o644;
  const path = entry.path;
  // The parser decodes names as UTF-8: bytes that are none became replacement characters.
  const utf8 = !path.includes('\ufffd');
  return { path, utf8, kind: kindOfType(entry.type), mode, uid: null, content: Buffer.alloc(0) };
}

function kindOfType(type: string): Member['kind'] {
  switch (type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return 'file';
    case 'Directory':
      return 'folder';
    case 'SymbolicLink':
      return 'symlink';
    case 'Link':
      return 'hard-link';
    case 'FIFO':
      return 'fifo';
    case 'CharacterDevice':
    case 'BlockDevice':
      return 'device';
    default:
      return 'other';
  }
}
