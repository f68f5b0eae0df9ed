import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { given, innermost, paths, reported, run } from './support/bench.ts';
import type { Turn } from './support/door.ts';
import { copyRuntime, edit } from './support/release.ts';

const hello = { 'tasks/queued/hello.md': 'Say hello.' };
const again = { call: { tool: 'remember', args: { topic: 'a', text: 'b' } } };

describe('a broken app is an error that the kernel reports', () => {
  test.each(paths)('an error while loading, on path %s', async (path) => {
    const release = copyRuntime();
    writeFileSync(
      join(release, 'app/offer.ts'),
      `export const offer = 1;
       const cause = new AggregateError([new Error('the true cause')]);
       throw new Error('outer', { cause });\n`,
    );
    const bench = await given(hello);
    const { exit, stderr } = await run(bench, { path, release });
    expect(exit).toBe(1);
    const wanted = { code: 'app-broken', step: 'load the app', path, input: 'app/app.ts' };
    expect(reported(bench, 'error')).toMatchObject([wanted]);
    expect(innermost(bench)).toBe('Error: the true cause');
    expect(stderr).toContain(`run failed at: load the app (agent maker, path ${path}`);
  });

  test.each([
    ['a syntax error', 'export default {;\n', 'app-broken'],
    ['no default export', 'export const app = 1;\n', 'app-incomplete'],
    ['a default export without begin', 'export default { start: 1 };\n', 'app-incomplete'],
    ['an import that is not there', "import './gone.ts';\n", 'app-broken'],
    [
      'a begin that throws',
      "export default { begin() { throw new Error('x'); } };\n",
      'app-failed',
    ],
  ])('%s', async (_, source, code) => {
    const release = copyRuntime();
    writeFileSync(join(release, 'app/app.ts'), source);
    const bench = await given(hello);
    expect((await run(bench, { release })).exit).toBe(1);
    expect(reported(bench, 'error')).toMatchObject([{ code, path: 'task' }]);
  });

  test('that breaks after it has claimed a task does not keep it', async () => {
    const release = copyRuntime();
    rmSync(join(release, 'app/prompts/task.md'));
    const bench = await given(hello);
    expect((await run(bench, { release })).exit).toBe(1);
    expect(innermost(bench)).toContain('ENOENT');
    expect(bench.names('tasks/queued')).toEqual(['hello.md']);
  });

  test('a failure that nobody waits for ends the run', async () => {
    const release = copyRuntime();
    edit(release, 'app/offer.ts', (text) =>
      text.replace('  const rank', "  void Promise.reject(new Error('unheard'));\n  const rank"),
    );
    const bench = await given(hello, [{ hang: true }]);
    expect((await run(bench, { release })).exit).toBe(1);
    expect(innermost(bench)).toBe('Error: unheard');
  });
});

describe('limits', () => {
  test('a model that is never done is stopped at the step limit, and the task pays', async () => {
    const release = copyRuntime();
    edit(release, 'config/paths.yaml', (text) => text.replace('steps: 12', 'steps: 3'));
    const bench = await given(hello, Array<Turn>(4).fill(again));
    expect((await run(bench, { release })).exit).toBe(1);
    expect(bench.door.asked).toHaveLength(3);
    expect(reported(bench, 'error')).toMatchObject([{ code: 'step-limit', input: 'task hello' }]);
    expect(bench.read('tasks/queued/hello.md')).toContain('attempts: 1');
  });

  test('a run that has spent its budget makes no further call', async () => {
    const dear = { ...again, usage: { output_tokens: 200_000 } };
    const bench = await given(hello, [dear, again]);
    expect((await run(bench)).exit).toBe(1);
    expect(bench.door.asked).toHaveLength(1);
    const actual = '$1.0001 after 1 steps';
    expect(reported(bench, 'error')).toMatchObject([{ code: 'over-budget', actual }]);
  });

  test('a tool call that was cut off is not made', async () => {
    const cut = { ...again, stop: 'max_tokens' };
    const bench = await given(hello, [cut, { say: 'a' }, { say: 'b' }]);
    expect((await run(bench)).exit).toBe(0);
    expect(bench.names('memory')).toEqual([]);
    expect(JSON.stringify(bench.door.asked[1]?.messages.at(-1))).toContain('cut off');
  });
});

describe('the gateway', () => {
  test('refuses: its words are told, and the task goes back unharmed', async () => {
    const message = 'halted (agent maker): too noisy';
    const bench = await given(hello, [{ refuse: 403, type: 'permission_error', message }]);
    const { exit, stderr } = await run(bench);
    expect(exit).toBe(1);
    const [error] = reported(bench, 'error');
    expect(error).toMatchObject({ code: 'model-refused', step: 'call the model' });
    expect(error?.message).toContain(`403: permission_error: ${message}`);
    expect(stderr).toContain(message);
    expect(bench.read('tasks/queued/hello.md')).toContain('attempts: 0');
  });

  test('is not there: the run stops before it touches anything', async () => {
    const bench = await given(hello);
    const gone = {
      AIRLOCK_GATEWAY: 'http://127.0.0.1:1',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
    };
    const { exit, stderr } = await run(bench, { env: gone });
    expect(exit).toBe(1);
    expect(stderr).toContain('[gateway-unreachable]');
    expect(stderr).toMatch(/innermost cause: .*(ECONNREFUSED|bad port)/);
    expect(bench.names('.')).toEqual(['tasks']);
  });

  test('refuses the turn: the run stops there', async () => {
    const bench = await given(hello);
    bench.door.answerInstead = () => ({ status: 403, body: { error: 'halted' } });
    const { exit, stderr } = await run(bench);
    expect(exit).toBe(1);
    expect(stderr).toContain('[gateway-refused]');
    expect(bench.door.asked).toEqual([]);
  });
});

test('what is no environment of a run: every fault at once, exit 2', async () => {
  const bench = await given({});
  const env = { AIRLOCK_AGENT: undefined, AIRLOCK_INBOX: undefined };
  const { exit, stderr } = await run(bench, { env });
  expect(exit).toBe(2);
  expect(stderr).toContain('not set: AIRLOCK_AGENT, AIRLOCK_INBOX');
  const wrong = await run(bench, { path: 'nap' });
  expect(wrong.exit).toBe(2);
  expect(wrong.stderr).toContain('AIRLOCK_PATH is "nap"');
});

test.each([
  ['config/agents.yaml', 'agents: [', 'config-unreadable'],
  ['config/models.yaml', 'cheap: {maxTokens: none}', 'config-invalid'],
  ['config/agents.yaml', 'agents: [{name: other, model: cheap}]', 'unknown-agent'],
])('a broken %s (%s) is named', async (file, content, code) => {
  const release = copyRuntime();
  writeFileSync(join(release, file), content);
  const bench = await given(hello);
  expect((await run(bench, { release })).exit).toBe(1);
  expect(reported(bench, 'error')).toMatchObject([{ code, step: 'read the configuration' }]);
});

test('a tool that the configuration lists and the app does not offer is named', async () => {
  const release = copyRuntime();
  edit(release, 'config/agents.yaml', (text) =>
    text.replace('[complete_task,', '[fly, complete_task,'),
  );
  const bench = await given(hello);
  expect((await run(bench, { release })).exit).toBe(1);
  const message = 'the tool server has no fly';
  expect(reported(bench, 'error')).toMatchObject([{ code: 'tools-missing', message }]);
});
