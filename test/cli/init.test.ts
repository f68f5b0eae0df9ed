import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lookAtRuntime } from '../../supervisor/cli/init/look.ts';
import { policyText } from '../../supervisor/cli/init/write-policy.ts';
import { differences } from '../../supervisor/cli/verbs/policy-diff.ts';
import { loadPolicy } from '../../supervisor/store/policy.ts';

function runtime(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-init-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

describe('init', () => {
  it.each<[string, Record<string, string>, string[] | null]>([
    [
      'a start script',
      { 'package.json': '{"scripts":{"start":"node a.js -x"}}' },
      ['node', 'a.js', '-x'],
    ],
    ['a bin', { 'package.json': '{"bin":{"x":"./b.js"}}' }, ['node', 'b.js']],
    ['a main', { 'package.json': '{"main":"c.js"}' }, ['node', 'c.js']],
    [
      'a start script for a shell, so the main',
      { 'package.json': '{"scripts":{"start":"a && b"},"main":"c.js"}' },
      ['node', 'c.js'],
    ],
    [
      'a Python project',
      { 'pyproject.toml': '[project]\nname = "x"\n[project.scripts]\nrun = "agents.main:go"\n' },
      ['python3', '-m', 'agents.main'],
    ],
    ['a Python file', { 'main.py': '' }, ['python3', 'main.py']],
    [
      'a broken package.json beside a known name',
      { 'package.json': '{', 'run.sh': '' },
      ['sh', 'run.sh'],
    ],
    ['nothing', { 'notes.txt': '' }, null],
  ])('finds the entry of %s', (_what, files, entry) => {
    expect(lookAtRuntime(runtime(files)).entry).toEqual(entry);
  });

  it('leaves out what is made, fetched or private', () => {
    const files = { 'app/a.py': '', 'node_modules/x': '', '.git/x': '', 'var/x': '', 'b.py': '' };
    const guess = lookAtRuntime(runtime(files));
    expect([guess.include, [...guess.folders]]).toEqual([['app', 'b.py'], ['app']]);
  });

  it('writes a policy that is valid, whatever the names are', () => {
    const names = { 'main.py': '', 'config/agents.yaml': '', 'a: b/#c': '', yes: '' };
    const folder = runtime(names);
    const file = join(folder, 'airlock.yaml');
    const guess = lookAtRuntime(folder);
    writeFileSync(file, policyText('.', guess));
    const { policy, faults } = loadPolicy(file);
    expect(faults).toEqual([]);
    expect(policy?.policy.runtime).toMatchObject({ include: guess.include, entry: guess.entry });
    expect(policy?.policy.permissions.every((one) => one.approval === 'operator')).toBe(true);
  });
});

describe('the policy of this checkout', () => {
  const file = join(import.meta.dirname, '../../supervisor/airlock.yaml');

  it('is valid, and explains every part of itself', () => {
    expect(loadPolicy(file).faults).toEqual([]);
    const text = readFileSync(file, 'utf8').split('\n');
    const tops = text.filter((one) => /^[a-z]/.test(one));
    expect(tops.length).toBeGreaterThan(9);
    expect(text.filter((one) => one.includes('#')).length).toBeGreaterThan(tops.length);
  });
});

it('policies differ by meaning: what is not there is nothing', () => {
  const before = new Map<string, unknown>([
    ['a', 1],
    ['b', [1, 2]],
    ['c', 3],
  ]);
  const after = new Map<string, unknown>([
    ['a', 1],
    ['b', [2, 1]],
    ['d', 4],
  ]);
  expect(differences(before, after)).toEqual([
    { key: 'b', from: [1, 2], to: [2, 1] },
    { key: 'c', from: 3, to: null },
    { key: 'd', from: null, to: 4 },
  ]);
});
