import { describe, expect, test } from 'vitest';
import { given, prompt, reported, run } from './support/bench.ts';
import { copyRuntime, edit } from './support/release.ts';

const hello = { 'tasks/queued/hello.md': '---\ntitle: Say hello\n---\n\nGreet the team.\n' };
const completes = (id: string) => ({
  call: { tool: 'complete_task', args: { id, result: `I did ${id}.` } },
});
const done = { say: 'done' };

describe('the task path', () => {
  test('completes a task through its tools and reports turn, steps and cost', async () => {
    const bench = await given(hello, [completes('hello'), done]);
    const { exit, stderr } = await run(bench);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(bench.read('tasks/done/hello.md')).toContain('## Result\n\nI did hello.');
    expect(bench.names('tasks/queued').concat(bench.names('tasks/running'))).toEqual([]);
    expect(prompt(bench)).toMatch(/^Open task: hello$/m);
    expect(bench.door.asked[0]?.system).toMatch(/^Agent: maker$/m);
    expect(bench.door.asked[0]?.model).toBe('cheap');
    expect(bench.door.keys).toEqual(Array(2).fill('Bearer token-of-this-run'));
    expect(reported(bench, 'turn')).toMatchObject([{ event: 'begin' }, { event: 'end', steps: 2 }]);
    const steps = [
      { step: 1, calls: ['complete_task'] },
      { step: 2, calls: [] },
    ];
    expect(reported(bench, 'step')).toMatchObject(steps);
  });

  test('counts the cost from usage, caches included', async () => {
    const usage = {
      input_tokens: 1000,
      output_tokens: 200,
      cache_read_input_tokens: 10_000,
      cache_creation_input_tokens: 4000,
    };
    const bench = await given(hello, [
      { ...completes('hello'), usage },
      { ...done, usage },
    ]);
    await run(bench);
    const [, end] = reported(bench, 'turn');
    expect(end?.usage).toEqual({ input: 2000, output: 400, cacheRead: 20_000, cacheWrite: 8000 });
    // cheap: $1 in, $5 out, $0.10 read from the cache, $1.25 written, a million tokens each.
    expect(end?.usd).toBeCloseTo(0.002 + 0.002 + 0.002 + 0.01, 10);
    const diary = bench.names('history').map((day) => bench.read(`history/${day}`));
    expect(JSON.parse(String(diary[0]))).toMatchObject({ about: 'task hello', usd: end?.usd });
  });

  test.each([true, false])('asks for a stream: %s, as the configuration says', async (stream) => {
    const release = copyRuntime();
    if (!stream) {
      const off = (text: string) => text.replaceAll('stream: true', 'stream: false');
      edit(release, 'config/models.yaml', off);
    }
    const bench = await given(hello, [completes('hello'), done]);
    expect((await run(bench, { release })).exit).toBe(0);
    expect(bench.door.asked.map((asked) => asked.stream === true)).toEqual([stream, stream]);
    expect(bench.names('tasks/done')).toEqual(['hello.md']);
  });

  test('takes the oldest, whatever its name', async () => {
    const bench = await given(
      {
        'tasks/queued/a.md': '---\ncreated: 2026-01-02T00:00:00Z\n---\nyounger',
        'tasks/queued/z.md': '---\ncreated: 2026-01-01T00:00:00Z\n---\nolder',
      },
      [completes('z'), done],
    );
    await run(bench);
    expect(bench.names('tasks/done')).toEqual(['z.md']);
    expect(bench.names('tasks/queued')).toEqual(['a.md']);
  });

  test('with nothing to do: a turn without a model call, exit 0', async () => {
    const bench = await given({});
    expect(await run(bench)).toEqual({ exit: 0, stderr: '', stdout: '' });
    expect(bench.door.asked).toEqual([]);
    const end = { event: 'end', outcome: 'nothing-to-do', steps: 0 };
    expect(reported(bench, 'turn')).toMatchObject([{ event: 'begin' }, end]);
  });

  test('two runs at once: only one gets the task', async () => {
    const bench = await given(hello, [completes('hello'), done]);
    const both = await Promise.all([run(bench), run(bench)]);
    expect(both.map(({ exit }) => exit)).toEqual([0, 0]);
    expect(bench.door.faults).toEqual([]);
    const outcomes = reported(bench, 'turn').flatMap(({ outcome }) => outcome ?? []);
    expect(outcomes.sort()).toEqual(['completed', 'nothing-to-do']);
    expect(bench.names('tasks/done')).toEqual(['hello.md']);
  });

  test('a task left open is asked about once, and given up after three such turns', async () => {
    const bench = await given(hello, Array(6).fill({ say: 'I looked at it.' }));
    await run(bench);
    expect(JSON.stringify(bench.door.asked[1]?.messages.at(-1))).toContain(
      'The task is still open',
    );
    expect(bench.read('tasks/queued/hello.md')).toContain('attempts: 1');
    await run(bench);
    await run(bench);
    expect(bench.read('tasks/failed/hello.md')).toContain('3 turns ended without a result.');
    expect(bench.door.faults).toEqual([]);
  });
});

describe('dependencies', () => {
  const waitsFor = (id: string) => `---\nafter: [${id}]\n---\nlater`;

  test('a task waits until the one before it is done', async () => {
    const bench = await given({ 'tasks/queued/b.md': waitsFor('a') }, [completes('b'), done]);
    await run(bench);
    expect(bench.door.asked).toEqual([]);
    await bench.put({ 'tasks/done/a.md': 'done' });
    await run(bench);
    expect(bench.names('tasks/done')).toEqual(['a.md', 'b.md']);
  });

  test('what can never become ready fails and says why', async () => {
    const bench = await given({
      'tasks/failed/a.md': 'lost',
      'tasks/queued/b.md': waitsFor('a'),
      'tasks/queued/x.md': waitsFor('y'),
      'tasks/queued/y.md': waitsFor('x'),
    });
    expect((await run(bench)).exit).toBe(0);
    expect(bench.names('tasks/queued')).toEqual([]);
    expect(bench.read('tasks/failed/b.md')).toContain('It comes after "a", which failed.');
    expect(bench.read('tasks/failed/x.md')).toContain('It waits for itself: x -> y -> x.');
  });
});

describe('a claim', () => {
  test('goes back to the queue when its run is told to stop', async () => {
    const bench = await given(hello, [{ hang: true }]);
    let pid = 0;
    const ended = run(bench, { onStart: (its) => (pid = its) });
    await bench.door.callArrived(1);
    expect(bench.names('tasks/running')).toEqual(['hello.md']);
    process.kill(pid, 'SIGTERM');
    expect((await ended).exit).toBe(1);
    expect(bench.names('tasks/queued')).toEqual(['hello.md']);
    expect(reported(bench, 'error')).toMatchObject([{ code: 'stopped' }]);
  });

  test('of a killed run holds for its lease, and no longer', async () => {
    const bench = await given({}, [completes('hello'), done]);
    await bench.put({ 'tasks/running/hello.md': '---\nrun: gone\n---\nGreet.' });
    await run(bench);
    expect(bench.names('tasks/running')).toEqual(['hello.md']);
    const release = copyRuntime();
    edit(release, 'config/paths.yaml', (text) => text.replace('lease: 1h', 'lease: 0ms'));
    await run(bench, { release });
    expect(bench.names('tasks/done')).toEqual(['hello.md']);
  });
});
