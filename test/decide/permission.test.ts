import { describe, expect, test } from 'vitest';
import {
  forbidden,
  needApproval,
  outside,
  permission,
} from '../../supervisor/decide/permission.ts';
import { policy } from './build.ts';

const { policy: rules } = policy({
  runtime: {
    source: '..',
    include: ['app', 'config', { from: 'kernel/package.json', to: 'package.json' }],
    entry: ['node'],
  },
  permissions: [
    { paths: ['app/locked/**'], agents: ['keeper'], approval: 'operator' },
    { paths: ['app/locked/**'], agents: ['maker'] },
    { paths: ['app/**/*.md', 'app/*.ts'] },
    { paths: ['config/*.yaml'], agents: ['keeper'] },
    { paths: ['package.json'], approval: 'operator' },
  ],
});

describe('the first rule that matches path and proposer decides, none refuses', () => {
  test.each<[string, string, boolean, 'none' | 'operator', number | null]>([
    ['maker', 'app/a/b/c.md', true, 'none', 2],
    ['maker', 'app/x.ts', true, 'none', 2],
    ['maker', 'app/deep/x.ts', false, 'operator', null],
    ['keeper', 'app/locked/x.md', true, 'operator', 0],
    ['maker', 'app/locked/x.md', true, 'none', 1],
    ['scout', 'app/locked/x.md', true, 'none', 2],
    ['scout', 'app/locked/x.bin', false, 'operator', null],
    ['maker', 'config/agents.yaml', false, 'operator', null],
    ['keeper', 'config/agents.yaml', true, 'none', 3],
    ['maker', 'package.json', true, 'operator', 4],
    ['maker', 'app/.hidden.md', true, 'none', 2],
    ['maker', 'application/x.md', false, 'operator', null],
    ['operator', 'config/agents.yaml', true, 'none', 3],
    ['operator', 'nowhere', false, 'operator', null],
  ])('%s changes %s: allowed %s, approval %s, rule %s', (who, path, allowed, approval, rule) => {
    expect(permission(rules, who, path)).toEqual({ allowed, approval, rule });
  });
});

test('paths outside of what a release consists of', () => {
  const paths = ['app/x', 'app', 'application/x', 'smoke/a.yaml', 'package.json', 'kernel/main.ts'];
  expect(outside(rules, paths)).toEqual(['application/x', 'smoke/a.yaml', 'kernel/main.ts']);
});

test('of several paths, those that are forbidden and those that need a word', () => {
  const paths = ['app/x.md', 'package.json', 'config/agents.yaml'];
  expect(forbidden(rules, 'maker', paths)).toEqual(['config/agents.yaml']);
  expect(needApproval(rules, 'maker', paths)).toEqual(['package.json', 'config/agents.yaml']);
});
