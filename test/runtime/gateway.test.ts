import { describe, expect, test } from 'vitest';
import type { Given, OpenDoor } from '../gateway/given.ts';
import { givenDoor } from '../gateway/given.ts';
import type { Bench, Ended, RunOptions } from './support/bench.ts';
import { given, run } from './support/bench.ts';
import { withProposal } from './support/release.ts';
import { suite } from './support/suite.ts';

/** One run at the supervisor's own gateway. */
async function runAt(open: OpenDoor, bench: Bench, options: RunOptions): Promise<Ended> {
  const env = {
    AIRLOCK_GATEWAY: open.url,
    ANTHROPIC_BASE_URL: open.url,
    ANTHROPIC_API_KEY: open.door.token,
  };
  return run(bench, { ...options, env });
}

async function both(files: Record<string, string>, options: Given = {}) {
  return { bench: await given(files), open: await givenDoor(options) };
}

describe('with the keyless rehearsal provider', () => {
  const cases: [string, Record<string, string>, string[], string][] = [
    ['task', { 'tasks/queued/a.md': 'Say hello.' }, ['complete_task'], 'tasks/done/a.md'],
    ['thread', { 'threads/t/0001.md': 'When?' }, ['reply_in_thread'], 'threads/t/0002.md'],
    [
      'triage',
      { 'messages/unread/m.md': '---\nfrom: scout\n---\nRain.' },
      ['send_message'],
      'messages/read/m.md',
    ],
    ['drive', { 'goals.md': 'A guide.' }, [], 'goals.md'],
    ['standing', {}, [], 'history'],
  ];

  test.each(cases)('path %s ends well and is seen as a turn', async (path, files, calls, file) => {
    const { bench, open } = await both(files);
    expect(await runAt(open, bench, { path })).toEqual({ exit: 0, stderr: '', stdout: '' });
    expect(bench.names(file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '.')).toContain(
      file.slice(file.lastIndexOf('/') + 1),
    );
    const summary = open.door.summary();
    expect(summary).toMatchObject({ turns: { begun: 1, ended: 1 }, calls, errors: [] });
    expect(summary.steps).toBe(calls.length + 1);
    expect(open.mails).toHaveLength(path === 'triage' ? 1 : 0);
  });
});

test.each(['task-handed-on.yaml', 'triage.yaml', 'standing-proposal.yaml'])(
  'scenario %s is answered by the rehearsal without a fault',
  async (file) => {
    const [its] = suite().filter((each) => each.file === file);
    const { workspace = {}, model = [], path, agent, expect: wanted } = its?.scenario ?? {};
    const { bench, open } = await both(workspace, { script: model });
    expect((await runAt(open, bench, { path, agent } as RunOptions)).exit).toBe(0);
    const { scriptFaults, calls } = open.door.summary();
    expect({ scriptFaults, calls }).toEqual({ scriptFaults: [], calls: wanted?.calls });
  },
);

test('a failure reaches the supervisor with step and causes, the innermost last', async () => {
  const { bench, open } = await both({ 'tasks/queued/a.md': 'Say hello.' });
  const release = withProposal('february');
  expect((await runAt(open, bench, { path: 'task', release })).exit).toBe(1);
  const [error] = open.door.summary().errors;
  expect(error?.step).toBe('connect the tools');
  expect(error?.causes.at(-1)).toContain('write after end');
});
