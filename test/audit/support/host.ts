import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { audit, survey } from '../../../supervisor/audit/audit.ts';
import type { Install } from '../../../supervisor/audit/path-of.ts';
import { probeHere } from '../../../supervisor/host/path/probe.ts';
import type { Weakness } from '../../../supervisor/model/audit.ts';
import { layout } from '../../../supervisor/model/layout.ts';

/** Users and a group that no distribution hands out. */
export const maker = 61_001;
export const scout = 61_002;
export const operators = 61_900;

/** Planting needs root: whom a file belongs to is half of it. For `describe.each`. */
export const asRoot: readonly string[] = process.getuid?.() === 0 ? ['as root'] : [];

/** A host install in a folder of its own: everything root's, but what is its agent's. */
export class PlantedHost {
  readonly folder = mkdtempSync(join(tmpdir(), 'airlock-audit-'));
  readonly layout = layout(join(this.folder, 'root'));

  constructor() {
    chmodSync(this.folder, 0o755);
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
    this.#program();
    this.#rules();
    this.#root();
  }

  at(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** A file, its folders made with it. */
  file(path: string, mode = 0o644, content = ''): string {
    this.makeFolder(dirname(path));
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  }

  makeFolder(path: string, mode = 0o755, uid = 0, gid = 0): string {
    if (!lstatSync(path, { throwIfNoEntry: false })) {
      if (path !== this.folder) this.makeFolder(dirname(path));
      mkdirSync(path);
      chownSync(path, uid, gid);
      chmodSync(path, mode);
    }
    return path;
  }

  link(path: string, target: string): string {
    this.makeFolder(dirname(path));
    symlinkSync(target, path);
    return path;
  }

  #program(): void {
    const version = this.at('usr/lib/airlock/1.0');
    this.file(join(version, 'dist/cli/airlock.js'));
    this.file(join(version, 'node_modules/native/built.node'));
    copyFileSync('/bin/true', this.file(join(version, 'node/bin/node'), 0o755));
    this.link(join(version, 'node_modules/.bin/native'), '../native/built.node');
    this.link(this.at('usr/lib/airlock/current'), '1.0');
    this.link(this.at('usr/bin/airlock'), '../lib/airlock/current/dist/cli/airlock.js');
    this.file(this.at('etc/systemd/system/airlock.service'));
    this.file(this.at('etc/systemd/system/airlock.service.d/limits.conf'));
  }

  #rules(): void {
    this.file(this.at('etc/airlock/airlock.yaml'));
    this.file(this.at('usr/lib/airlock/1.0/share/smoke/task.yaml'));
  }

  #root(): void {
    const { layout: at } = this;
    this.file(join(at.release('r1'), 'kernel/main.mjs'), 0o444);
    chmodSync(at.release('r1'), 0o555);
    this.link(at.current, 'releases/r1');
    this.file(join(at.deps, 'lock1/node_modules/left/index.js'), 0o444);
    this.file(at.journal);
    for (const one of [at.history, at.traces, at.incidents, at.runs]) this.makeFolder(one);
    for (const one of [at.intake, at.staging]) this.makeFolder(one, 0o700);
    this.makeFolder(at.switches, 0o770, 0, operators);
    this.makeFolder(at.control, 0o1770, 0, operators);
    this.makeFolder(at.workspaces, 0o711);
    for (const [name, uid] of [['maker', maker] as const, ['scout', scout] as const]) {
      this.makeFolder(at.inbox(name), 0o700, uid, uid);
      this.makeFolder(at.workspace(name), 0o700, uid, uid);
      this.makeFolder(at.receipts(name), 0o755);
    }
  }

  install(change: Partial<Install> = {}): Install {
    const user = (name: string, uid: number) => ({ name, uid, gid: uid, groups: [] });
    return {
      layout: this.layout,
      policyFile: this.at('etc/airlock/airlock.yaml'),
      suite: this.at('usr/lib/airlock/current/share/smoke'),
      named: { trees: [], programs: [] },
      program: [this.at('usr/lib/airlock/1.0')],
      ways: [this.at('usr/bin/airlock'), this.at('usr/lib/airlock/current')],
      programs: [this.at('usr/lib/airlock/current/node/bin/node')],
      search: [this.at('usr/bin')],
      units: {
        files: [this.at('etc/systemd/system/airlock.service')],
        folders: [this.at('etc/systemd/system')],
        trees: [this.at('etc/systemd/system/airlock.service.d')],
      },
      releases: ['r1'],
      deps: ['lock1'],
      agents: [
        { agent: 'maker', uid: maker, gid: maker },
        { agent: 'scout', uid: scout, gid: scout },
      ],
      users: [user('al-maker', maker), user('al-scout', scout)],
      trusted: { root: [0], elsewhere: [0] },
      operators,
      ...change,
    };
  }

  /** What is seen without trying. */
  walk(change: Partial<Install> = {}): Weakness[] {
    return survey(this.install(change)).weaknesses;
  }

  /** The whole audit, tries and all. */
  audit(change: Partial<Install> = {}): Promise<Weakness[]> {
    return audit(this.install(change), probeHere);
  }

  /** Everything that is there: kind, owner, bits, size, where links lead. */
  listing(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((name) => {
        const stats = lstatSync(this.at(name));
        const { mode, uid, gid, ino, size } = stats;
        return [name, mode, uid, gid, ino, stats.isDirectory() ? '' : size].join(' ');
      });
  }
}

const acl = { userObj: 1, user: 2, groupObj: 4, mask: 16, other: 32 };
const setxattr: Record<string, number> = { x64: 188, arm64: 5 };

/** Let one more user write, as `setfacl -m u:UID:rwx` does: no test needs that to be installed. */
export function letWrite(path: string, uid: number): void {
  const none = 0xffffffff;
  const entries: [number, number, number][] = [
    [acl.userObj, 7, none],
    [acl.user, 7, uid],
    [acl.groupObj, 5, none],
    [acl.mask, 7, none],
    [acl.other, 5, none],
  ];
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2, 0);
  entries.forEach(([tag, may, id], index) => {
    bytes.writeUInt16LE(tag, 4 + index * 8);
    bytes.writeUInt16LE(may, 6 + index * 8);
    bytes.writeUInt32LE(id, 8 + index * 8);
  });
  const call = `my ($p, $n, $v) = ($ARGV[0], 'system.posix_acl_access', pack('H*', $ARGV[1]));
    exit(syscall(${setxattr[process.arch]}, $p, $n, $v, length $v, 0) != 0)`;
  execFileSync('perl', ['-e', call, path, bytes.toString('hex')]);
}
