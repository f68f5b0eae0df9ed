import { isUtf8 } from 'node:buffer';
import { type BigIntStats, readSync, renameSync } from 'node:fs';
import { errorCode, makeFolder } from '../files/files.ts';
import { nameToText } from './names.ts';
import { type Met, walk } from './walk.ts';

/** One thing of a drop, whether it came in a folder or in a tarball. */
export interface Member {
  /** Relative, `/` between; where it is no UTF-8, as nameToText writes it. */
  path: string;
  utf8: boolean;
  kind: Met['kind'] | 'hard-link' | 'other';
  /** Permission bits, set-uid, set-gid and sticky included. */
  mode: number;
  /** Owner; null where it is not known (tarballs). */
  uid: number | null;
  content: Buffer;
}

export interface TakeLimits {
  /** Of all contents together. */
  bytes: number;
  /** Files and folders. */
  files: number;
}

export interface Taken {
  /** The drop itself comes first, with the path ''. */
  members: Member[];
  /** A limit was passed while reading: what follows was not read. */
  stopped: null | 'too-big' | 'too-many-files';
  /** It was written to, or something in it was moved, while it was read. */
  changed: boolean;
}

/**
 * Claim a drop by one rename into `folder/original`: it is taken once, by whoever renamed it.
 * @returns false when there is nothing to claim any more.
 */
export function claim(drop: Buffer, folder: string): boolean {
  makeFolder(folder, 0o700);
  try {
    renameSync(drop, `${folder}/original`);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Read a claimed drop into memory by file descriptor, bounded, links not followed. Its owner may
 * still hold it open: what was read is what counts, and a second look tells whether it moved.
 */
export function takeIn(path: string, limits: TakeLimits): Taken {
  const taken: Taken = { members: [], stopped: null, changed: false };
  const seen = new Map<string, string>();
  let left = limits.bytes;
  walk(Buffer.from(path), { open: true }, (met) => {
    const member = memberOf(met);
    taken.members.push(member);
    seen.set(met.path.toString('latin1'), fingerprint(met.stat));
    if (taken.members.length > limits.files + 1) taken.stopped = 'too-many-files';
    else if (met.fd !== null && member.kind === 'file') {
      member.content = readBounded(met.fd, left);
      left -= member.content.length;
      if (left < 0) taken.stopped = 'too-big';
      else if (BigInt(member.content.length) !== met.stat.size) taken.changed = true;
    }
    return taken.stopped === null ? undefined : 'stop';
  });
  if (taken.stopped === null) taken.changed ||= moved(path, seen);
  return taken;
}

function moved(path: string, seen: Map<string, string>): boolean {
  let count = 0;
  let same = true;
  walk(Buffer.from(path), { open: false }, (met) => {
    count += 1;
    same &&= seen.get(met.path.toString('latin1')) === fingerprint(met.stat);
    return same ? undefined : 'stop';
  });
  return !same || count !== seen.size;
}

function fingerprint(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

function memberOf(met: Met): Member {
  const linked = met.kind === 'file' && met.stat.nlink > 1n;
  return {
    path: isUtf8(met.path) ? met.path.toString() : nameToText(met.path),
    utf8: isUtf8(met.path),
    kind: linked ? 'hard-link' : met.kind,
    mode: Number(met.stat.mode) & 0o7777,
    uid: Number(met.stat.uid),
    content: Buffer.alloc(0),
  };
}

const piece = 1024 * 1024;

/** All of a file, or `most` bytes and one more when there is more: sizes are claims. */
function readBounded(fd: number, most: number): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length <= most) {
    const buffer = Buffer.allocUnsafe(Math.min(piece, most + 1 - length));
    const count = readSync(fd, buffer, 0, buffer.length, null);
    if (count === 0) break;
    pieces.push(buffer.subarray(0, count));
    length += count;
  }
  return Buffer.concat(pieces);
}
