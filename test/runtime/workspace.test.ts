import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { claimOldest } from '../../kernel/claimable.ts';
import { createTask } from '../../kernel/tasks.ts';
import { addToThread, readThread } from '../../kernel/threads.ts';
import { layOut } from '../../kernel/workspace.ts';
import { given, run } from './support/bench.ts';

describe('a hostile or malformed workspace', () => {
  const malformed: [string, string | Buffer, RegExp][] = [
    ['unclosed.md', '---\ntitle: x\n', /never closed/],
    ['not-yaml.md', '---\ntitle: [\n---\n', /Flow sequence|unexpected|must be/i],
    ['no-fields.md', '---\njust words\n---\nbody', /not a list of "name: value"/],
    ['bad-after.md', '---\nafter: 12\n---\nbody', /after/],
    ['leads-out.md', '---\nafter: [../../x]\n---\nbody', /not a task id/],
    ['bomb.md', `---\na: &a [x]\nb: [${'*a,'.repeat(50)}]\n---\nbody`, /alias/i],
    ['empty.md', '', /neither a title nor a body/],
    ['bytes.md', Buffer.from([0xff, 0xfe, 0x41]), /not valid/],
    ['huge.md', 'x'.repeat(300_000), /larger than/],
    ['UPPER.md', 'words', /a task is a file <id>\.md/],
    ['notes.txt', 'words', /a task is a file <id>\.md/],
  ];

  test('what is no task is set aside with a readable reason, and the run goes on', async () => {
    const bench = await given({ 'tasks/queued/.keep': '' }, []);
    for (const [name, content] of malformed) {
      writeFileSync(join(bench.workspace, 'tasks/queued', name), content);
    }
    expect(await run(bench)).toEqual({ exit: 0, stderr: '', stdout: '' });
    expect(bench.names('tasks/queued')).toEqual(['.keep']);
    for (const [name, , reason] of malformed) {
      const aside = String(bench.read(`tasks/failed/${name}`));
      expect(aside.split('## Why it was set aside')[1], name).toMatch(reason);
    }
  });

  test('links, folders and pipes are moved, not followed or opened', async () => {
    const bench = await given({ 'tasks/queued/.keep': '', 'secret.md': 'secret' }, []);
    const queued = (name: string) => join(bench.workspace, 'tasks/queued', name);
    symlinkSync(join(bench.workspace, 'secret.md'), queued('link.md'));
    mkdirSync(queued('folder.md'));
    execFileSync('mkfifo', [queued('pipe.md')]);
    expect(await run(bench)).toEqual({ exit: 0, stderr: '', stdout: '' });
    const names = ['folder.md', 'link.md', 'pipe.md'];
    const reasons = names.map((name) => `${name}.reason.md`);
    expect(bench.names('tasks/failed')).toEqual([...names, ...reasons].sort());
    expect(bench.read('secret.md')).toBe('secret');
  });

  test('setting aside never overwrites what lies there', async () => {
    const bench = await given({ 'tasks/failed/b.md': 'older', 'tasks/queued/b.md': '---\n' });
    await run(bench);
    expect(bench.read('tasks/failed/b.md')).toBe('older');
    expect(bench.read('tasks/failed/b-2.md')).toContain('never closed');
  });

  test('mail that is none is rejected with the reason', async () => {
    const bench = await given({
      'mail/a.json': '{torn',
      'mail/b.json': '{"from":"scout","kind":"task","title":""}',
      'mail/c.json': '{"from":"scout","kind":"thread","thread":"../../x","text":"t"}',
      'mail/d.json': 'null',
    });
    mkdirSync(join(bench.workspace, 'mail/e.json'));
    expect((await run(bench, { path: 'triage' })).exit).toBe(0);
    const aside = ['a.json', 'b.json', 'c.json', 'd.json', 'e.json', 'e.json.reason.md'];
    expect(bench.names('mail/rejected')).toEqual(aside);
    expect(bench.read('mail/rejected/b.json')).toContain('at title');
    expect(bench.names('threads')).toEqual([]);
  });

  test('a folder that cannot be made is an error with step and cause', async () => {
    const bench = await given({ tasks: 'a file' });
    const { exit, stderr } = await run(bench);
    expect(exit).toBe(1);
    expect(stderr).toContain('run failed at: lay out the workspace');
    expect(stderr).toMatch(/innermost cause: .*(ENOTDIR|EEXIST)/);
  });
});

describe('many at once in one workspace', () => {
  test('every task is claimed by exactly one, by rename', async () => {
    const { workspace } = await given({});
    await layOut(workspace);
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push(await createTask(workspace, { title: 'same', body: 'b' }));
    const runs = Array.from({ length: 24 }, (_, index) => `run-${index}`);
    const claims = await Promise.all(runs.map((each) => claimOldest(workspace, each)));
    const taken = claims.flatMap((task) => (task ? [task.id] : []));
    expect(taken.sort()).toEqual(ids.sort());
  });

  test('every task that is created gets an id of its own', async () => {
    const { workspace } = await given({});
    await layOut(workspace);
    const asked = Array.from({ length: 20 }, () => createTask(workspace, { title: 'T', body: '' }));
    expect(new Set(await Promise.all(asked)).size).toBe(20);
  });

  test('no word in a thread is lost', async () => {
    const { workspace } = await given({});
    await layOut(workspace);
    const words = Array.from({ length: 20 }, (_, index) => `word ${index}`);
    const add = (text: string) => addToThread(workspace, 't', { from: 'a', at: '', text });
    await Promise.all(words.map(add));
    const { messages } = await readThread(workspace, 't');
    expect(messages.map(({ text }) => text).sort()).toEqual(words.sort());
  });
});
