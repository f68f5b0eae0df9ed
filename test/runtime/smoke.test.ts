import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkout } from './support/bench.ts';
import { rehearse, suite } from './support/suite.ts';

describe('the smoke scenarios', () => {
  test.each(suite())('$file passes on the runtime as it is', async ({ scenario }) => {
    expect(await rehearse(scenario)).toEqual([]);
  });

  test('cover every path and every tool', () => {
    const all = suite().map(({ scenario }) => scenario);
    const paths = new Set(all.map(({ path }) => path));
    expect([...paths].sort()).toEqual(['drive', 'standing', 'task', 'thread', 'triage']);
    const agents = parse(readFileSync(join(checkout, 'config/agents.yaml'), 'utf8')).agents;
    const tools = new Set(agents.flatMap(({ tools }: { tools: string[] }) => tools));
    const called = new Set(all.flatMap(({ expect: { calls = [] } }) => calls));
    expect([...called].sort()).toEqual([...tools].sort());
  });
});
