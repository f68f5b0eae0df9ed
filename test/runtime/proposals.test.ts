import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { given, innermost, paths, prompt, reported, run } from './support/bench.ts';
import { copyRuntime, edit, typeCheck, withProposal } from './support/release.ts';
import { rehearse, suite } from './support/suite.ts';

const says = [{ say: 'Nothing is stuck.' }];

/** Something to do on each path. */
const work = {
  'tasks/queued/hello.md': 'Say hello.',
  'threads/lunch/0001.md': 'When is lunch?',
  'messages/unread/m1.md': 'Lunch is at noon.',
};
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
  const [its] = suite().filter(({ file }) => file === 'triage.yaml');
  expect(its && (await rehearse(its.scenario, release))).toEqual([]);
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

  // Works once the input is left open: it is that line and nothing else.
  const handed = suite().filter(({ file }) => /^(task|thread|triage)\.y/.test(file));
  test.each(handed)('without its one wrong line it passes $file', async ({ scenario }) => {
    const release = withProposal('february');
    edit(release, 'app/tools/child-transport.ts', (text) =>
      text.replace('    child.stdin.end();\n', ''),
    );
    expect(await rehearse(scenario, release)).toEqual([]);
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
