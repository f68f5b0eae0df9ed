import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examine } from '../../supervisor/act/intake/examine.ts';
import { readOverlay } from '../../supervisor/act/intake/overlay.ts';
import { readPatch } from '../../supervisor/act/intake/patch.ts';
import { innermostReport } from '../../supervisor/decide/attribute.ts';
import { removeTree } from '../../supervisor/host/files/files.ts';
import type { RunEnding } from '../../supervisor/model/run.ts';
import { agentsFileSchema } from '../../supervisor/model/runtime.ts';
import { judgeYaml } from '../../supervisor/store/yaml-file.ts';
import { givenDoor, hello } from '../gateway/given.ts';
import { listDrops } from '../intake/support/inbox.ts';
import { codes, Host } from '../stage/support/host.ts';

/* Inputs that once ended the process, the loop or an inbox, or excused a run. */

let host: Host;
beforeAll(async () => {
  host = new Host();
  await host.first();
});
afterAll(() => host.remove());

/** Milliseconds of CPU that some work takes. */
function cpuOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const many = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join('');

// Near the end of the stack V8 cannot compile a regular expression: the whole process ends.
test.each<[string, string]>([
  ['lists within lists on one line', '- '.repeat(5000)],
  ['maps within maps on one line', 'a: '.repeat(5000)],
  ['flow lists', '['.repeat(20_000)],
  ['flow maps', '{a: '.repeat(20_000)],
  ['pairs in a flow list', `[${'a: '.repeat(20_000)}`],
  ['keys that are asked for', '? '.repeat(20_000)],
  ['tags', '!a '.repeat(20_000)],
  ['anchors', '&a '.repeat(20_000)],
  ['pairs in a flow map', `{b: ${'a: '.repeat(20_000)}`],
  ['lists by indentation', many(4000, (at) => `${' '.repeat(at)}-\n`)],
  [
    'aliases of aliases',
    `a0: &a0 [x]\n${many(5000, (at) => `a${at + 1}: &a${at + 1} [*a${at}]\n`)}`,
  ],
])('YAML that goes without end: %s', (_, yaml) => {
  const judged = judgeYaml(Buffer.from(yaml), agentsFileSchema);
  expect(judged.kind).toBe('faulty');
  expect(JSON.stringify(judged)).toMatch(/nested deeper|Excessive alias/);
  const one = { path: 'proposal.yaml', utf8: true, kind: 'file' as const, mode: 0o644, uid: null };
  const { file, faults } = readOverlay([{ ...one, content: Buffer.from(yaml) }]);
  expect([file, faults[0]?.code]).toEqual([null, 'malformed']);
});

test('a JSON text of one line with many keys is no depth', () => {
  const agent = (at: number) => ({ name: `a${at}`, model: 'x', budget: { run: 1 } });
  const text = JSON.stringify({ agents: Array.from({ length: 500 }, (_, at) => agent(at)) });
  const judged = judgeYaml(Buffer.from(text.replaceAll(':', ': ')), agentsFileSchema);
  expect(judged.kind).toBe('valid');
});

test('a key that comes twice is still a fault, among as many keys as one likes', () => {
  const yaml = `${many(40_000, (at) => `k${at}: 1\n`)}k7: 2\n`;
  let judged: ReturnType<typeof judgeYaml> | null = null;
  // It was 9 s: each key was compared with every other.
  expect(cpuOf(() => (judged = judgeYaml(Buffer.from(yaml), agentsFileSchema)))).toBeLessThan(4000);
  expect(judged).toMatchObject({ kind: 'faulty', faults: [{ line: 40_001 }] });
});

test('a subject of many PATCH takes no longer than it is long', () => {
  const patch = Buffer.from(`Subject: [${'PATCH'.repeat(200_000)}\n\n---\n`);
  expect(cpuOf(() => readPatch(patch))).toBeLessThan(1000);
  expect(readPatch(Buffer.from('Subject: [PATCH 1/2] [RFC] why\n')).title).toBe('why');
});

test('a path of many folders is too long, and says so soon', () => {
  const path = `app/${'a/'.repeat(200_000)}b`;
  const diff = `diff --git a/${path} b/${path}\nnew file mode 100644\n--- /dev/null\n+++ b/${path}\n`;
  const original = join(host.folder, 'long.patch');
  writeFileSync(original, `${diff}@@ -0,0 +1 @@\n+x\n`);
  const limits = { bytes: 32 * 1024 * 1024, files: 5000, depth: 32, path: 512 };
  const request = { id: 'p', agent: 'maker', drop: 'long.patch', layout: host.layout, limits };
  let found: string[] = [];
  const read = () => {
    found = codes(examine({ ...request, sealedAt: 0 }, original).result);
  };
  expect(cpuOf(read)).toBeLessThan(2000);
  expect(found).toEqual(['path-too-long', 'too-deep']);
});

test('a line of many errors takes no longer than it is long', () => {
  const of = (stderrTail: string) => ({ stderrTail, door: { errors: [] } }) as unknown as RunEnding;
  expect(cpuOf(() => innermostReport(of('Error '.repeat(10_900))))).toBeLessThan(200);
  expect(innermostReport(of('TypeError: no\nlater\n'))).toBe('TypeError: no');
  expect(innermostReport(of('a: Error\nlater\n'))).toBe('later');
});

test('a drop of folders in folders is refused, and can be removed', () => {
  const levels = 10_000;
  execFileSync('python3', ['-c', deep, host.drop('deep'), `${levels}`]);
  const drops = listDrops({ inbox: host.layout.inbox('maker'), now: Date.now(), settle: 0 });
  expect(drops.map((one) => one.name)).toEqual(['deep']);
  const { id, result } = host.seal('deep');
  expect(codes(result)[0]).toMatch(/too-many-files|too-deep/);
  removeTree(host.layout.sealed(id));
  expect(existsSync(host.layout.sealed(id))).toBe(false);
});

const deep = `
import os, sys
os.mkdir(sys.argv[1])
os.chdir(sys.argv[1])
for _ in range(int(sys.argv[2])):
    os.mkdir('d')
    os.chdir('d')
`;

const nested = (levels: number, open: string, close: string) =>
  `${open.repeat(levels)}${close.repeat(levels)}`;
const deepBlock = nested(20_000, '{"type":"x","content":[', ']}');

// Taken for a fault of the host it would excuse the run, whatever else was wrong with it.
test.each<[string, string]>([
  ['blocks without end', JSON.stringify(hello()).replace('"Hello"', `[${deepBlock}]`)],
  ['a block of a type that every object has', blocks({ type: 'constructor' })],
  ['a block of the type __proto__', blocks({ type: '__proto__' })],
  ['a report without end', `{"type":"step","x":${nested(20_000, '[', ']')}}`],
])('a request with %s is its sender’s fault', async (_, body) => {
  const { ask, door } = await givenDoor();
  const path = body.includes('"step"') ? '/report' : '/v1/messages';
  const answer = await ask('POST', path, body);
  expect([200, 400]).toContain(answer.status);
  expect(door.summary().lastFailure?.by ?? 'request').toBe('request');
});

function blocks(block: object): string {
  return JSON.stringify({ ...hello(), messages: [{ role: 'user', content: [block] }] });
}

test('a conversation of 100,000 results holds nobody up', async () => {
  const { ask } = await givenDoor();
  const results = Array.from({ length: 100_000 }, (_, at) => ({
    ...{ type: 'tool_result', tool_use_id: `a${at}`, content: 'x' },
  }));
  const uses = results.map(({ tool_use_id: id }) => ({
    type: 'tool_use',
    id,
    name: 'x',
    input: {},
  }));
  const body = {
    ...hello(),
    messages: [
      { role: 'user', content: 'go' },
      { role: 'assistant', content: uses },
      { role: 'user', content: results },
    ],
  };
  const before = process.cpuUsage();
  const answer = await ask('POST', '/v1/messages', body);
  expect(answer.status).toBe(200);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(8000);
});
