/**
 * The shared libraries of a program, as its own headers name them. `ldd` would run the program's
 * loader, as root, on the very file that is being doubted.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { orNull, readText } from '../files/files.ts';

interface Needs {
  loader: string | null;
  names: string[];
  /** RPATH and RUNPATH, `$ORIGIN` filled in. */
  folders: string[];
}

/** Loader and libraries of a program, and theirs: paths as they would be opened. */
export function librariesOf(program: string): string[] {
  const found = new Set<string>();
  const folders = searched();
  const visit = (file: string, inherited: string[]) => {
    const needs = needsOf(file);
    if (needs === null) return;
    if (needs.loader !== null) found.add(needs.loader);
    const own = [...needs.folders, ...inherited];
    for (const name of needs.names) {
      const folder = [...own, ...folders].find((one) => existsSync(`${one}/${name}`));
      const path = name.includes('/') ? name : folder && `${folder}/${name}`;
      if (!path || found.has(path)) continue;
      found.add(path);
      visit(path, own);
    }
  };
  visit(program, []);
  return [...found];
}

const usual = [
  ...['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu'],
  ...['/lib/aarch64-linux-gnu', '/usr/lib/aarch64-linux-gnu'],
  ...['/lib64', '/usr/lib64', '/lib', '/usr/lib'],
];

/** Folders of /etc/ld.so.conf, then those that the loader knows by itself. */
function searched(): string[] {
  const files = [
    '/etc/ld.so.conf',
    ...(orNull(() => readdirSync('/etc/ld.so.conf.d').sort()) ?? []).map(
      (name) => `/etc/ld.so.conf.d/${name}`,
    ),
  ];
  const named = files.flatMap((file) => (readText(file) ?? '').split('\n'));
  return [...named.map((one) => one.trim()).filter((one) => one.startsWith('/')), ...usual];
}

/** Numbers of the ELF format, 64 bit, little end first. */
const elf = { dynamic: 2, interpreter: 3, load: 1, needed: 1, strings: 5, rpath: 15, runpath: 29 };

function needsOf(file: string): Needs | null {
  const fd = orNull(() => openSync(file, 'r'));
  if (fd === null) return null;
  try {
    const head = part(fd, 0, 64);
    if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2) return null;
    return read(fd, head, dirname(file));
  } finally {
    closeSync(fd);
  }
}

function part(fd: number, at: number, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  return buffer.subarray(0, readSync(fd, buffer, 0, size, at));
}

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

/** No header of an honest file is longer, and no path in it. */
const most = 64 * 1024;
const longest = 4096;

function read(fd: number, head: Buffer, origin: string): Needs {
  const count = head.readUInt16LE(56);
  const table = part(fd, Number(head.readBigUInt64LE(32)), count * 56);
  const segments = Array.from({ length: Math.floor(table.length / 56) }, (_, index): Segment => {
    const at = index * 56;
    const number = (offset: number) => Number(table.readBigUInt64LE(at + offset));
    return {
      type: table.readUInt32LE(at),
      offset: number(8),
      address: number(16),
      size: number(32),
    };
  });
  const loader = segments.find((one) => one.type === elf.interpreter);
  const dynamic = segments.find((one) => one.type === elf.dynamic);
  const named = loader ? text(part(fd, loader.offset, Math.min(loader.size, longest)), 0) : null;
  const entries = dynamic ? dynamicOf(part(fd, dynamic.offset, Math.min(dynamic.size, most))) : [];
  const strings = stringsAt(segments, entries);
  const all = (tag: number) =>
    entries
      .filter((one) => one.tag === tag && strings !== null)
      .map((one) => text(part(fd, (strings ?? 0) + one.value, longest), 0));
  const folders = [...all(elf.rpath), ...all(elf.runpath)].flatMap((one) => one.split(':'));
  const filled = folders.map((one) => one.replace(/\$ORIGIN|\$\{ORIGIN\}/g, origin));
  return { loader: named, names: all(elf.needed), folders: filled.filter((one) => one !== '') };
}

function dynamicOf(bytes: Buffer): { tag: number; value: number }[] {
  return Array.from({ length: Math.floor(bytes.length / 16) }, (_, index) => ({
    tag: Number(bytes.readBigUInt64LE(index * 16)),
    value: Number(bytes.readBigUInt64LE(index * 16 + 8)),
  }));
}

/** Where in the file its strings begin; the header names the place in memory. */
function stringsAt(segments: Segment[], entries: { tag: number; value: number }[]) {
  const address = entries.find((one) => one.tag === elf.strings)?.value;
  if (address === undefined) return null;
  const inside = segments.find(
    (one) => one.type === elf.load && address >= one.address && address < one.address + one.size,
  );
  return inside === undefined ? null : inside.offset + address - inside.address;
}

function text(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, end === -1 ? bytes.length : end);
}
