import { describe, expect, test } from 'vitest';
import { given, prompt, reported, run } from './support/bench.ts';

const hello = { 'tasks/queued/hello.md': '---\ntitle: Say hello\n---\n\nGreet the team.\n' };
const completes = { call: { tool: 'complete_task', args: { id: 'hello', result: 'I greeted.' } } };

describe('the task path', () => {
  test('completes a task through its tools and reports turn, steps and cost', async () => {
    const bench = await given(hello, [completes, { say: 'done' }]);
    const { exit, stderr } = await run(bench);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(bench.read('tasks/done/hello.md')).toContain('## Result\n\nI greeted.');
    expect(bench.names('tasks/queued').concat(bench.names('tasks/running'))).toEqual([]);
    expect(prompt(bench)).toMatch(/^Open task: hello$/m);
    expect(bench.door.asked[0]?.system).toMatch(/^Agent: maker$/m);
    expect(bench.door.keys).toEqual(Array(2).fill('Bearer token-of-this-run'));
    expect(reported(bench, 'turn')).toMatchObject([{ event: 'begin' }, { event: 'end', steps: 2 }]);
    // 200 input at $1 and 40 output at $5 a million tokens.
    expect(reported(bench, 'turn')[1]?.usd).toBeCloseTo(0.0004, 10);
    expect(reported(bench, 'step')).toMatchObject([
      { step: 1, calls: ['complete_task'] },
      { step: 2 },
    ]);
  });
});
