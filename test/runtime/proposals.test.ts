import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Bench } from './support/bench.ts';
import { given, prompt, reported, run } from './support/bench.ts';
import { copyRuntime, typeCheck, withProposal } from './support/release.ts';
import { rehearse, suite } from './support/suite.ts';

const paths = ['task', 'drive', 'thread', 'triage', 'standing'] as const;
const others = ['reviewer', 'scribe', 'scout', 'keeper'];
const says = [{ say: 'Nothing is stuck.' }];

/** Something to do on each path. */
const work = {
  'tasks/queued/hello.md': 'Say hello.',
  'threads/lunch/0001.md': 'When is lunch?',
  'messages/unread/m1.md': 'Lunch is at noon.',
};
const diary = { 'history/2026-01-05.jsonl': diaryLine() };

/** A diary line as the kernel writes it. */
function diaryLine(): string {
  const turn = { at: '2026-01-05T09:00:00.000Z', run: 'r1', path: 'standing', about: 'the duty' };
  return `${JSON.stringify({ ...turn, outcome: 'completed', steps: 1, usd: 0, words: 'Done.' })}\n`;
}

function innermost(bench: Bench): string {
  return String((reported(bench, 'error')[0]?.causes as string[]).at(-1));
}

describe('each proposal', () => {
  test.each([
    'good-prompt.patch',
    'february',
    'april.patch',
    'fails-on-lived-in-workspace',
    'fails-on-other-agents',
  ])('%s passes the type check', (name) => {
    expect(typeCheck(withProposal(name))).toBe('');
  });

  test('the type check can fail', () => {
    const release = copyRuntime();
    writeFileSync(join(release, 'app/broken.ts'), "export const word: number = 'one';\n");
    expect(typeCheck(release)).toContain('app/broken.ts');
  });
});

test('good-prompt: triage says what the proposal promises, and its scenario passes', async () => {
  const release = withProposal('good-prompt.patch');
  const bench = await given(work, says);
  expect((await run(bench, { path: 'triage', release })).exit).toBe(0);
  expect(prompt(bench)).toContain('make one task that names both');
  const { scenario } = suite().find(({ file }) => file === 'triage.yaml') as never;
  expect(await rehearse(scenario, release)).toEqual([]);
});

describe('february', () => {
  test.each(paths)(
    'path %s dies in the handshake, and the innermost cause is shown',
    async (path) => {
      const bench = await given(work, says);
      const { exit, stderr } = await run(bench, { path, release: withProposal('february') });
      expect(exit).toBe(1);
      expect(bench.door.asked).toEqual([]);
      const [error] = reported(bench, 'error');
      expect(error).toMatchObject({ code: 'tools-unreachable', step: 'connect the tools', path });
      expect(error?.causes).toMatchObject(
        [
          /unhandled errors in a TaskGroup: session/,
          /unhandled errors in a TaskGroup: tool server/,
          /write after end/,
        ].map((text) => expect.stringMatching(text)),
      );
      expect(innermost(bench)).toContain('ERR_STREAM_WRITE_AFTER_END');
      expect(stderr).toMatch(/innermost cause: .*write after end/);
    },
  );

  test('works once the input is left open: it is that line and nothing else', async () => {
    const release = withProposal('february');
    const file = join(release, 'app/tools/child-transport.ts');
    const source = readFileSync(file, 'utf8');
    expect(source).toContain('    child.stdin.end();\n');
    writeFileSync(file, source.replace('    child.stdin.end();\n', ''));
    for (const { scenario } of suite().filter(({ file }) =>
      /^(task|thread|triage)\.y/.test(file),
    )) {
      expect(await rehearse(scenario, release)).toEqual([]);
    }
  });
});

test.each(paths)('april: path %s cannot serialize its model call', async (path) => {
  const bench = await given(work, says);
  const { exit } = await run(bench, { path, release: withProposal('april.patch') });
  expect(exit).toBe(1);
  expect(bench.door.asked).toEqual([]);
  expect(reported(bench, 'error')).toMatchObject([{ step: 'call the model', path }]);
  expect(innermost(bench)).toContain('TypeError: Converting circular structure to JSON');
});

describe('fails-on-lived-in-workspace', () => {
  test('passes every smoke scenario', async () => {
    const release = withProposal('fails-on-lived-in-workspace');
    for (const { scenario } of suite()) expect(await rehearse(scenario, release)).toEqual([]);
  });

  test.each(paths)('path %s fails where the agent has had a turn before', async (path) => {
    const bench = await given(work, says);
    await run(bench, { path: 'standing' });
    const release = withProposal('fails-on-lived-in-workspace');
    expect((await run(bench, { path, release })).exit).toBe(1);
    expect(innermost(bench)).toMatch(/TypeError: .*undefined.*slice/);
    expect(bench.names('tasks/queued')).toEqual(['hello.md']);
  });

  test('fails, too, where the turn before had nothing to do', async () => {
    const bench = await given({});
    await run(bench, { path: 'task' });
    const release = withProposal('fails-on-lived-in-workspace');
    expect((await run(bench, { path: 'standing', release })).exit).toBe(1);
  });
});

describe('fails-on-other-agents', () => {
  test('passes every smoke scenario', async () => {
    const release = withProposal('fails-on-other-agents');
    for (const { scenario } of suite()) expect(await rehearse(scenario, release)).toEqual([]);
  });

  test.each(paths)('works for maker on path %s', async (path) => {
    const bench = await given({ ...work, ...diary }, [...says, ...says]);
    const ended = await run(bench, { path, release: withProposal('fails-on-other-agents') });
    expect(ended).toMatchObject({ exit: 0, stderr: '' });
    expect(bench.door.asked[0]?.system).toContain('with create_task and "to"');
  });

  test.each(others)('fails for %s', async (agent) => {
    const bench = await given({ ...work, ...diary }, says);
    const release = withProposal('fails-on-other-agents');
    expect((await run(bench, { agent, path: 'standing', release })).exit).toBe(1);
    expect(innermost(bench)).toMatch(/no tool (create_task|reply_in_thread) among/);
  });
});
