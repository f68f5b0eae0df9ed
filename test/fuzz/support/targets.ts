import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { examine, type SealResult } from '../../../supervisor/act/intake/examine.ts';
import { isInside, pathFaults } from '../../../supervisor/act/intake/paths.ts';
import { configFindings } from '../../../supervisor/act/stage/config.ts';
import { lockFaults } from '../../../supervisor/act/stage/lock-file.ts';
import { innermostReport } from '../../../supervisor/decide/attribute.ts';
import { nameToText, textToName } from '../../../supervisor/host/inbox/names.ts';
import { layout } from '../../../supervisor/model/layout.ts';
import { type Reason, reason } from '../../../supervisor/model/reason.ts';
import type { RunEnding } from '../../../supervisor/model/run.ts';
import { agentsFileSchema } from '../../../supervisor/model/runtime.ts';
import { scenarioSchema } from '../../../supervisor/model/scenario.ts';
import { judgeYaml } from '../../../supervisor/store/yaml-file.ts';
import { lines, write } from '../../stage/support/host.ts';
import type { Target } from './guided.ts';

/** The contract's own bounds, section 2. */
const limits = { bytes: 32 * 1024 * 1024, files: 5000, depth: 32, path: 512 };
const roots = ['kernel', 'app', 'config', 'package.json', 'package-lock.json'];

const text = (value: string) => Buffer.from(value, 'utf8');

/** Readers of what agents write, in a folder of their own. */
export function givenTargets(): { targets: Target[]; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-fuzz-'));
  const sealed = (drop: string) => seal(folder, drop);
  const targets = [
    patches(folder, sealed('x.patch')),
    tarballs(folder, sealed('x.tar.gz')),
    proposalFiles(folder, sealed('x')),
    agentsFiles(),
    configFiles(folder),
    scenarios(),
    withdrawals(folder, sealed('x.withdraw')),
    names(),
    outputs(),
  ];
  return { targets, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Every reason is one that is known, with words, and survives being written down. */
function expectReasons(reasons: readonly Reason[]): void {
  for (const one of reasons) {
    expect(reason(one.code, one).hint, one.code).toBeTypeOf('string');
    expect(one.code).not.toBe('internal');
    expect(one.message).not.toBe('');
    expect(one.message).not.toContain('Maximum call stack');
  }
  expect(JSON.parse(JSON.stringify(reasons))).toEqual(reasons);
}

type Seal = (original: string) => SealResult;

/** Reads a claimed drop; what is accepted keeps within the bounds, and is the same again. */
function seal(folder: string, drop: string): Seal {
  const request = { id: 'p', agent: 'maker', drop, layout: layout(folder), limits, roots };
  return (original) => {
    const { result, files } = examine({ ...request, sealedAt: 0 }, original);
    if (result.kind === 'refused') {
      expect(result.reasons.length).toBeGreaterThan(0);
      expectReasons(result.reasons);
    } else if (result.kind === 'sealed') {
      const { paths, title, why, bytes } = result.sealed;
      expect(paths.length).toBeGreaterThan(0);
      expect(paths.length).toBeLessThanOrEqual(limits.files);
      expect(paths.flatMap((path) => pathFaults(path, limits, 'fuzz'))).toEqual([]);
      expect(paths.filter((path) => !isInside(path, roots))).toEqual([]);
      expect(bytes).toBeLessThanOrEqual(limits.bytes);
      expect(title.length).toBeLessThanOrEqual(200);
      expect(why.length).toBeLessThanOrEqual(20_000);
      expect(new Set(files.map((file) => file.path)).size).toBe(files.length);
      expect(examine({ ...request, sealedAt: 0 }, original).result).toEqual(result);
    } else expect(result.kind).toBe('withdraw');
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    return result;
  };
}

function written(original: string, read: Seal) {
  return (input: Buffer) => {
    writeFileSync(original, input);
    read(original);
  };
}

const hunk = '@@ -1,2 +1,2 @@\n task 1\n-task 2\n+task two\n';
const diff = `diff --git a/app/t.md b/app/t.md\nindex 11..22 100644\n--- a/app/t.md\n+++ b/app/t.md\n${hunk}`;

function patches(folder: string, read: Seal): Target {
  const head = 'From 0123456789012345678901234567890123456789 Mon Sep 17\nFrom: a <a@b>\n';
  const mail = `${head}Subject: [PATCH 1/2] =?utf-8?q?gr=C3=BCn?=\n\nwhy\n\nBase: 20260101T000000Z-0123456789\n---\n`;
  const moved =
    'diff --git a/app/a b/app/b\nsimilarity index 90%\nrename from app/a\nrename to app/b\n';
  const binary =
    'diff --git a/app/x b/app/x\nnew file mode 100755\nindex 0..1\nGIT binary patch\nliteral 3\nKcmZQzWMT#Y01f~L\n\nliteral 0\nHcmV?d00001\n\n';
  const quoted =
    'diff --git "a/app/n\\303\\244w" "b/app/n\\303\\244w"\nnew file mode 100644\n--- /dev/null\n+++ "b/app/n\\303\\244w"\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n';
  const original = join(folder, 'x.patch');
  return {
    name: 'patch',
    seeds: [diff, mail + diff, `${mail}${diff}${mail}${moved}`, binary, quoted].map(text),
    words: [
      ...['diff --git ', '--- a/', '+++ b/', '/dev/null', '@@ -1 +1 @@\n', '@@ -1,9999999 +1 @@'],
      ...['new file mode 100644\n', 'old mode 120000\n', 'rename from ', 'copy to ', 'Base: '],
      ...['GIT binary patch\n', 'literal 1\n', 'Subject: [', 'PATCH', '=?utf-8?b?', '?=', '\\303'],
      ...['From 0123456789012345678901234567890123456789 Mon', '\n---\n', 'a/', '120000', '100755'],
    ],
    read: written(original, read),
  };
}

function tarballs(folder: string, read: Seal): Target {
  const at = join(folder, 'tar');
  write(at, {
    'proposal.yaml': 'title: t\ndelete: [app/old.md]\n',
    'files/app/new.md': 'x\n',
    [`files/app/${'long/'.repeat(25)}name`]: 'y',
  });
  const tar = (...args: string[]) => execFileSync('tar', ['c', '-C', at, ...args]);
  const plain = ['pax', 'gnu', 'ustar'].map((form) => tar('-H', form, 'proposal.yaml', 'files'));
  const original = join(folder, 'x.tar.gz');
  const packed = written(original, read);
  return {
    name: 'tar.gz',
    // The first byte says whether what follows is packed yet.
    seeds: [
      ...plain.map((one) => Buffer.concat([Buffer.from([1]), one])),
      Buffer.concat([Buffer.from([0]), gzipSync(plain[0] as Buffer)]),
    ],
    words: ['ustar\0', 'path=', '././@PaxHeader', '././@LongLink', 'files/', 'proposal.yaml', '\0'],
    read: (input) => {
      const body = input.subarray(1);
      packed(input[0] === 0 ? body : gzipSync(withSums(body), { level: 1 }));
    },
  };
}

/** With the sums of headers made right again: else only the first damage would be seen. */
function withSums(tar: Buffer): Buffer {
  const bytes = Buffer.from(tar);
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    bytes.fill(' ', at + 148, at + 156);
    const sum = bytes.subarray(at, at + 512).reduce((all, byte) => all + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
  return bytes;
}

const yamlWords = [
  '- ',
  ': ',
  '? ',
  '| ',
  '>-\n',
  '&a ',
  '*a',
  '<<: *a',
  '!!binary ',
  '---\n',
  '#',
];

function proposalFiles(folder: string, read: Seal): Target {
  const drop = join(folder, 'drop');
  mkdirSync(join(drop, 'files/app'), { recursive: true });
  writeFileSync(join(drop, 'files/app/x.md'), 'x');
  return {
    name: 'proposal.yaml',
    seeds: [
      'title: t\nwhy: |\n  because\n  of it\nbase: 20260101T000000Z-0123456789\ndelete: [app/a, "b"]\n',
      '{"title": "t", "delete": []}',
      'title: &a t\nwhy: *a\n',
    ].map(text),
    words: ['title: ', 'why: ', 'base: ', 'delete:\n- ', ...yamlWords],
    read: (input) => {
      writeFileSync(join(drop, 'proposal.yaml'), input);
      read(drop);
    },
  };
}

/** What a file that is YAML says is judged, with a line for each fault. */
function judged(content: Buffer, schema: Parameters<typeof judgeYaml>[1]): unknown {
  const read = judgeYaml(content, schema);
  if (read.kind === 'valid') {
    expect(schema.parse(parse(stringify(read.found)))).toEqual(read.value);
    return read.value;
  }
  expect(read.faults.length).toBeGreaterThan(0);
  for (const { message, line } of read.faults) {
    expect(message).not.toBe('');
    expect(message).not.toContain('Maximum call stack');
    expect(Number.isInteger(line) && line >= 0).toBe(true);
  }
  return null;
}

function agentsFiles(): Target {
  const one =
    'agents:\n  - name: maker            # who\n    role: builds\n    schedule: {task: "*/15 * * * *"}\n    model: cheap\n    tools: [complete_task]\n    budget: {run: 0.5, day: 5}\n';
  return {
    name: 'agents.yaml',
    seeds: [one, `${one}  - {name: b, model: x, mode: resident, tenant: t}\n`].map(text),
    words: [
      'agents:\n',
      '  - name: ',
      'model: ',
      'schedule: ',
      'tools: ',
      'budget: ',
      ...yamlWords,
    ],
    read: (input) => void judged(input, agentsFileSchema),
  };
}

function scenarios(): Target {
  return {
    name: 'app/smoke',
    seeds: [readFileSync(new URL('../../../smoke/task.yaml', import.meta.url))],
    words: ['name: ', 'path: task', 'model:\n  - ', 'call: ', 'say: ', 'expect: ', ...yamlWords],
    read: (input) => void judged(input, scenarioSchema),
  };
}

function configFiles(folder: string): Target {
  const release = join(folder, 'release');
  mkdirSync(join(release, 'config'), { recursive: true });
  const manifest = '{"name": "r", "dependencies": {"a": "^1.0.0", "b": "npm:c@1"}}';
  const lock = `{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "^1.0.0"}}, "node_modules/a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": "sha512-${'A'.repeat(86)}=="}}}`;
  const registries = new Set(['registry.npmjs.org']);
  const other = '{"name": "r"}';
  return {
    name: 'config, package.json',
    seeds: [manifest, lock, 'a: {b: [c]}\n'].map(text),
    words: ['"dependencies": ', '"integrity": ', '"link": true', 'git+ssh://', ...yamlWords],
    read: (input) => {
      const files = ['config/x.yaml', 'config/x.json', 'package.json', 'package-lock.json'];
      for (const file of files) writeFileSync(join(release, file), input);
      expectReasons(configFindings(release, files, []).map((one) => one.reason));
      const said = input.toString();
      expectReasons(lockFaults(said, lock, registries));
      expectReasons(lockFaults(other, said, registries));
    },
  };
}

function withdrawals(folder: string, read: Seal): Target {
  const original = join(folder, 'x.withdraw');
  return {
    name: '.withdraw',
    seeds: [text('20260101T000000Z-maker-x\n')],
    words: ['20260101T000000Z', '..'],
    read: (input) => {
      writeFileSync(original, input);
      const result = read(original);
      if (result.kind === 'withdraw') expect(result.target).toMatch(/^[\w.-]{1,200}$/);
    },
  };
}

function names(): Target {
  return {
    name: 'names',
    seeds: [text('plain.patch'), Buffer.from([0xe9, 0x5c, 0x78]), text('gr\u00fcn\\xe9')],
    words: ['\\x', '\\\\', '\\xe9', '.tar.gz', '.withdraw'],
    read: (input) => {
      const said = nameToText(input);
      expect(textToName(said).equals(input), said).toBe(true);
    },
  };
}

function outputs(): Target {
  const door = { errors: [] };
  return {
    name: 'stderr',
    seeds: [text(lines(3, 'x')), text('at x\nTypeError: no\n  at y\nfailed Exception in z: w\n')],
    words: ['Error', 'Exception', 'Error: ', 'TypeError '],
    read: (input) => {
      const stderrTail = input.subarray(-65_536).toString();
      const cause = innermostReport({ stderrTail, door } as unknown as RunEnding);
      if (cause !== null) expect(stderrTail).toContain(cause);
    },
  };
}
