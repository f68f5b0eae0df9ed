import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stageSource } from '../../supervisor/act/stage/stage.ts';
import { codes, Host, limits, staged, write } from './support/host.ts';

let host: Host;
let source: string;

beforeEach(() => {
  host = new Host();
  source = join(host.folder, 'checkout');
  write(source, {
    'kernel/main.ts': 'main',
    'kernel/package.json': '{"name": "runtime"}',
    'kernel/package-lock.json': '{"lockfileVersion": 3}',
    'kernel/node_modules/a/index.js': 'installed',
    'kernel/deep/node_modules/b.js': 'installed',
    'config/agents.yaml': 'agents: [{name: maker, model: cheap}]\n',
    'config/.git/HEAD': 'ref',
    'supervisor/main.ts': 'not for releases',
  });
});
afterEach(() => host.remove());

const includes = [
  { from: 'kernel', to: 'kernel' },
  { from: 'config', to: 'config' },
  { from: 'kernel/package.json', to: 'package.json' },
  { from: 'kernel/package-lock.json', to: 'package-lock.json' },
];

const first = () => stageSource({ source, includes, limits, layout: host.layout, at: host.at() });

test('the first release holds what the policy includes, moved where it says', async () => {
  const { manifest, agents } = staged(await first());
  expect(manifest.files.map((file) => file.path)).toEqual([
    'config/agents.yaml',
    'kernel/main.ts',
    'package-lock.json',
    'package.json',
  ]);
  expect(manifest).toMatchObject({ parent: null, proposal: null, proposer: null });
  expect(manifest.deps).toBe(manifest.files[2]?.sha256);
  expect(agents).toMatchObject({ base: null, candidate: { agents: [{ name: 'maker' }] } });
});

test('a symbolic link in the source is refused and named', async () => {
  symlinkSync('main.ts', join(source, 'kernel/alias.ts'));
  const result = await first();
  expect(codes(result)).toEqual(['symlink']);
  expect(result).toMatchObject({ reasons: [{ input: 'kernel/alias.ts' }] });
});

test('an include that is not there is refused and named', async () => {
  const lacking = [...includes, { from: 'app', to: 'app' }];
  const request = { source, includes: lacking, limits, layout: host.layout, at: host.at() };
  expect(await stageSource(request)).toMatchObject({
    kind: 'refused',
    reasons: [{ code: 'not-found', input: 'app' }],
  });
});

test('started again, the same source is the same release', async () => {
  const one = staged(await first());
  mkdirSync(join(source, 'kernel/empty'));
  expect(staged(await first()).manifest).toEqual(one.manifest);
});
