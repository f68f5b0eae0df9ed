import { beforeAll, describe, expect, test } from 'vitest';
import { given, innermost, paths, run } from './support/bench.ts';
import { withProposal } from './support/release.ts';
import { rehearse, suite } from './support/suite.ts';

const others = ['reviewer', 'scribe', 'scout', 'keeper'];
const says = [{ say: 'Nothing is stuck.' }];

/** Something to do on each path. */
const work = {
  'tasks/queued/hello.md': 'Say hello.',
  'threads/lunch/0001.md': 'When is lunch?',
  'messages/unread/m1.md': 'Lunch is at noon.',
};

/** A diary as an earlier turn leaves it that had nothing to do: the least that a live agent has. */
let diary: Record<string, string>;
beforeAll(async () => {
  const bench = await given({});
  expect((await run(bench)).exit).toBe(0);
  const [day] = bench.names('history');
  diary = { [`history/${day}`]: String(bench.read(`history/${day}`)) };
});

describe('fails-on-lived-in-workspace', () => {
  test.each(suite())('passes the smoke scenario $file', async ({ scenario }) => {
    const release = withProposal('fails-on-lived-in-workspace');
    expect(await rehearse(scenario, release)).toEqual([]);
  });

  test.each(paths)('path %s fails where the agent has had a turn before', async (path) => {
    const bench = await given({ ...work, ...diary }, says);
    const release = withProposal('fails-on-lived-in-workspace');
    expect((await run(bench, { path, release })).exit).toBe(1);
    expect(innermost(bench)).toMatch(/TypeError: .*undefined.*slice/);
    expect(bench.names('tasks/queued')).toEqual(['hello.md']);
  });
});

describe('fails-on-other-agents', () => {
  test.each(suite())('passes the smoke scenario $file', async ({ scenario }) => {
    const release = withProposal('fails-on-other-agents');
    expect(await rehearse(scenario, release)).toEqual([]);
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
