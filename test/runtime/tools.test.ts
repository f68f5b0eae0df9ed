import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Bench } from './support/bench.ts';
import { given, run, toolResult } from './support/bench.ts';

type Args = Record<string, unknown>;

/** One standing turn of an agent in which the model calls these tools, one after another. */
async function calls(agent: string, ...asked: [string, Args][]): Promise<Bench> {
  const script = asked.map(([tool, args]) => ({ call: { tool, args } }));
  const bench = await given({}, [...script, { say: 'Done.' }]);
  expect(await run(bench, { agent, path: 'standing' })).toMatchObject({ exit: 0, stderr: '' });
  return bench;
}

describe('the tools that a model is offered', () => {
  test('are those that the agent lists, those of the path first, with their schemas', async () => {
    const bench = await calls('scout', ['remember', { topic: 'a', text: 'b' }]);
    const [first] = bench.door.asked;
    const names = first?.tools.map(({ name }) => name);
    const listed = ['create_task', 'remember', 'complete_task', 'fail_task', 'send_message'];
    expect(names).toEqual(listed);
    const properties = first?.tools[0]?.input_schema.properties;
    expect(Object.keys(properties ?? {})).toEqual(['title', 'body', 'to', 'after']);
  });

  test('one that the agent does not list is refused, and the turn goes on', async () => {
    const change = { title: 't', why: 'w', files: [{ path: 'app/a.md', content: 'x' }] };
    const bench = await calls('scout', ['propose_change', change]);
    expect(toolResult(bench)).toMatchObject({ failed: true });
    expect(toolResult(bench).text).toContain('You have no tool "propose_change".');
    expect(readdirSync(bench.inbox)).toEqual([]);
  });

  test('one that is given nonsense says so, and the turn goes on', async () => {
    const bench = await calls('scout', ['remember', { topic: 7 }], ['remember', {}]);
    expect([0, 1].map((index) => toolResult(bench, index).failed)).toEqual([true, true]);
    expect(bench.names('memory')).toEqual([]);
  });
});

describe('create_task', () => {
  test('queues one for oneself, under an id that is free', async () => {
    const task = { title: 'Draw a map!', body: 'Of the folders.', after: ['list'] };
    const bench = await calls('maker', ['create_task', task], ['create_task', task]);
    expect(bench.names('tasks/queued')).toEqual(['draw-a-map-2.md', 'draw-a-map.md']);
    const text = String(bench.read('tasks/queued/draw-a-map.md'));
    expect(parse(text.split('---')[1] ?? '')).toMatchObject({ title: task.title, after: ['list'] });
    expect(text).toContain('Of the folders.');
  });

  test('hands one to another agent, and to nobody who is not there', async () => {
    const task = { title: 'Read it', body: 'Is it clear?' };
    const to = (name: string): [string, Args] => ['create_task', { ...task, to: name }];
    const bench = await calls('maker', to('reviewer'), to('nobody'));
    expect(bench.door.sent).toEqual([{ to: 'reviewer', kind: 'task', ...task }]);
    expect(toolResult(bench, 0)).toEqual({
      text: 'The task is handed to reviewer.',
      failed: false,
    });
    expect(toolResult(bench, 1).text).toContain('There is no agent "nobody"');
  });
});

test('send_message: a refusal of the gateway is told to the model', async () => {
  const bench = await given({}, [
    { call: { tool: 'send_message', args: { to: 'scout', text: 'Hello' } } },
    { say: 'It did not work.' },
  ]);
  bench.door.answerInstead = (route) =>
    route === '/messages' ? { status: 429, body: { error: { message: 'mailbox full' } } } : null;
  expect((await run(bench, { path: 'standing' })).exit).toBe(0);
  expect(toolResult(bench)).toMatchObject({ failed: true });
  expect(toolResult(bench).text).toContain('429');
});

test('remember adds to a topic, one line a note', async () => {
  const note = (text: string): [string, Args] => ['remember', { topic: 'Style & form', text }];
  const bench = await calls('maker', note('Short.\nAlways.'), note('Dated.'));
  const notes = String(bench.read('memory/style-form.md')).trim().split('\n');
  expect(notes).toMatchObject(
    [/^- \d{4}-\d\d-\d\d: Short\. \/ Always\.$/, /Dated\.$/].map((form) =>
      expect.stringMatching(form),
    ),
  );
});

describe('propose_change', () => {
  const change = {
    title: 'Say when it is done',
    why: 'Tasks come back.',
    files: [{ path: 'app/prompts/task.md', content: 'Open task: {{id}}\n' }],
    delete: ['app/prompts/duties/anybody.md'],
  };

  test('drops an overlay, whole, on the release that its author saw', async () => {
    const bench = await calls('keeper', ['propose_change', change]);
    expect(readdirSync(bench.inbox)).toEqual(['say-when-it-is-done']);
    const drop = join(bench.inbox, 'say-when-it-is-done');
    expect(readdirSync(drop).sort()).toEqual(['files', 'proposal.yaml']);
    const head = parse(readFileSync(join(drop, 'proposal.yaml'), 'utf8'));
    const { title, why, delete: removed } = change;
    expect(head).toEqual({ title, why, base: '20260101T000000Z-0123456789', delete: removed });
    const file = readFileSync(join(drop, 'files/app/prompts/task.md'), 'utf8');
    expect(file).toBe(change.files[0]?.content);
  });

  test('never touches an earlier drop of the same name', async () => {
    const bench = await calls('keeper', ['propose_change', change], ['propose_change', change]);
    const names = ['say-when-it-is-done', 'say-when-it-is-done-2'];
    expect(readdirSync(bench.inbox).sort()).toEqual(names);
  });

  test('refuses paths that lead out of the release, and leaves nothing behind', async () => {
    const bad = ['../outside.md', '/etc/passwd', 'app//a.md', 'app/a\nb.md', 'app\\a.md'];
    const adding = (path: string): [string, Args] => {
      return ['propose_change', { ...change, files: [...change.files, { path, content: 'x' }] }];
    };
    const bench = await calls('keeper', ...[...bad, 'app/prompts/task.md'].map(adding));
    const answers = bad.map((_, index) => toolResult(bench, index));
    expect(answers.map(({ failed }) => failed)).toEqual(bad.map(() => true));
    for (const { text } of answers) expect(text).toContain('is no path of the release');
    expect(toolResult(bench, bad.length).text).toContain('"app/prompts/task.md" comes twice');
    expect(readdirSync(bench.inbox)).toEqual([]);
    expect(existsSync(join(bench.folder, 'outside.md'))).toBe(false);
  });

  test('a file where a folder must be: told, and the draft is gone', async () => {
    const files = [
      { path: 'app/a', content: 'x' },
      { path: 'app/a/b', content: 'x' },
    ];
    const bench = await calls('keeper', ['propose_change', { ...change, files }]);
    expect(toolResult(bench)).toMatchObject({ failed: true });
    expect(readdirSync(bench.inbox)).toEqual([]);
  });
});
