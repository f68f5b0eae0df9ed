import { gzipSync } from 'node:zlib';

/** A tar member written by hand, so that it may be what no tar program writes. */
export interface RawMember {
  path: string | Buffer;
  content?: string | Buffer;
  /** `0` file, `1` hard link, `2` symlink, `3`/`4` device, `5` folder, `6` fifo, `S` sparse, ... */
  type?: string;
  mode?: number;
  link?: string;
  /** What the header claims, if not the truth. */
  size?: number;
  checksum?: number;
}

export function tarball(members: readonly RawMember[], end = true): Buffer {
  const blocks = members.map(block);
  if (end) blocks.push(Buffer.alloc(1024));
  return gzipSync(Buffer.concat(blocks));
}

function block(member: RawMember): Buffer {
  const content = Buffer.from(member.content ?? '');
  const header = Buffer.alloc(512);
  const put = (text: string | Buffer, at: number) => Buffer.from(text).copy(header, at);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  put(Buffer.from(member.path).subarray(0, 100), 0);
  put(octal(member.mode ?? 0o644, 8), 100);
  put(octal(0, 8), 108);
  put(octal(0, 8), 116);
  put(octal(member.size ?? content.length, 12), 124);
  put(octal(0, 12), 136);
  put('        ', 148);
  put(member.type ?? '0', 156);
  put(member.link ?? '', 157);
  put('ustar\x0000', 257);
  const sum = member.checksum ?? header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
