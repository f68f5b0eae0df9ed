import {
  chmodSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aProposal, aRun, put } from '../fixtures/store/rows.ts';
import { airlock, document } from './support/command.ts';
import { givenRoot } from './support/root.ts';

const evil = { title: 'better\x1b[2J\u202e', why: 'trust\nme \x1b]8;;http://x\x07' };
const harmful = /[\u202e\u2066]|(?!\n)\p{Cc}/u;

const has = (text: string) => expect.stringContaining(text);

/** Other bytes in a file that keeps its inode and its mode: who shares it is damaged too. */
function damage(file: string): void {
  chmodSync(file, 0o644);
  writeFileSync(file, 'evil');
  chmodSync(file, 0o444);
}

/** Let releases share a file, as those do that are staged from one another. */
function share(path: string, [first, ...others]: string[]): void {
  for (const other of others) {
    const folder = dirname(join(other, path));
    const { mode } = statSync(folder);
    chmodSync(folder, 0o755);
    rmSync(join(other, path));
    linkSync(join(first ?? '', path), join(other, path));
    chmodSync(folder, mode);
  }
}

const aRoot = () =>
  givenRoot({
    more: ([, now]) => [
      put('proposals', 'p1', aProposal('p1', evil)),
      put('runs', 'run-1', { ...aRun(1), id: 'run-1', release: now?.id ?? '' }, false),
    ],
  });

describe('--json', () => {
  it('is one document on stdout, nothing else there, and harmless', async () => {
    const { root, releases } = await aRoot();
    const [old] = releases;
    const asked: [string[], number][] = [
      [['status'], 0],
      [['status', '--check'], 1],
      [['proposals'], 0],
      [['releases', '--limit', '1'], 0],
      [['runs'], 0],
      [['incidents'], 0],
      [['log'], 0],
      [['approvals'], 0],
      [['show', 'p1'], 0],
      [['show', old?.id ?? ''], 0],
      [['show', 'run-1'], 0],
      [['verify'], 0],
      [['policy', 'check'], 0],
      [['policy', 'schema'], 0],
      [['halt', '--agent', 'maker', '--reason', 'r'], 0],
      [['resume', '--agent', 'maker'], 0],
      [['lock', '--reason', 'r'], 0],
      [['unlock'], 0],
      [['model', 'test'], 0],
      [['show', 'nothing'], 1],
      [['trace', '../../etc/passwd'], 1],
      [['approve', 'p1', '--digest', 'abcdef'], 5],
      [['run', 'maker'], 5],
      [['abort'], 5],
      [['propose', root, '--wait'], 5],
      [['halt', '--reason', 'r'], 2],
      [['approve', 'p1', '--digest', 'abcde'], 2],
      [['unbar', 'abcde', '--reason', 'r'], 2],
      [['withdraw', ''], 2],
      [['runs', '--limit', 'many'], 2],
      [['rolback'], 2],
      [['status', '--watch'], 2],
    ];
    for (const [args, exit] of asked) {
      const end = await airlock(root, ...args, '--json');
      expect({ args, exit: end.exit, stderr: end.stderr }).toEqual({ args, exit, stderr: '' });
      const told = document(end);
      expect(end.stdout).not.toMatch(harmful);
      if (exit > 1) {
        const reason = { code: expect.any(String), hint: expect.any(String) };
        expect(told).toMatchObject({ schema: 1, ok: false, reason });
      }
    }
  });

  it('lists are arrays of what show gives', async () => {
    const { root, releases } = await aRoot();
    const now = releases.at(-1);
    const list = document<unknown[]>(await airlock(root, 'releases', '--json'));
    expect(list).toMatchObject([{ id: now?.id, state: 'current' }, { state: 'stable' }]);
    expect(list[0]).not.toHaveProperty('schema');
    const whole = document(await airlock(root, 'show', 'p1', '--json'));
    expect(whole).toMatchObject({ schema: 1, id: 'p1', ...evil, phase: 'received', gates: [] });
    expect(whole.history).toMatchObject([{ phase: 'received' }]);
    const runs = document<unknown[]>(await airlock(root, 'runs', '--json'));
    expect(runs).toMatchObject([{ id: 'run-1', kind: 'service', outcome: 'ok' }]);
  });
});

describe('for people', () => {
  it('what an agent wrote is escaped, and stands after what was computed', async () => {
    const { root } = await aRoot();
    const { stdout } = await airlock(root, 'show', 'p1');
    expect(stdout).not.toMatch(harmful);
    expect(stdout).toContain('  | better\\u{1b}[2J\\u{202e}');
    expect(stdout.indexOf('phase')).toBeLessThan(stdout.indexOf('maker says'));
  });

  it('a fault goes to stderr with what to do, and stdout stays empty', async () => {
    const { root } = await aRoot();
    const end = await airlock(root, 'abort');
    expect(end).toMatchObject({ exit: 5, stdout: '' });
    expect(end.stderr).toContain('Start it: `airlock start`.');
  });

  it('a report is what was asked for: stdout has it, stderr why the exit code is not 0', async () => {
    const { root, layout, releases } = await aRoot();
    const policy = join(root, 'bad.yaml');
    writeFileSync(policy, 'colour: blue\n');
    damage(join(layout.release(releases[0]?.id ?? ''), 'app/tools/list.ts'));
    for (const [args, out, error] of [
      [['status', '--check'], /^! the supervisor/, /needs? you/],
      [['policy', 'check', policy], /colour: unknown key/, /^the policy is not valid/],
      [['verify'], /^BAD/m, /^damaged: /],
    ] as const) {
      const end = await airlock(root, ...args);
      expect(end).toMatchObject({ exit: 1 });
      expect([end.stdout, end.stderr]).toMatchObject([
        expect.stringMatching(out),
        expect.stringMatching(error),
      ]);
    }
  });

  it('an id is never cut: what is listed can be shown', async () => {
    const id = `20261121T050205Z-maker-${'long-'.repeat(25)}end`;
    const long = aProposal(id, { title: 'words '.repeat(30), phase: 'awaiting-approval' });
    const { root } = await givenRoot({ more: () => [put('proposals', id, long)] });
    for (const args of [['proposals'], ['approvals'], ['status'], ['show', id]]) {
      const { exit, stdout } = await airlock(root, ...args);
      expect({
        args,
        exit,
        whole: stdout.includes(`${id} `) || stdout.includes(`${id}\n`),
      }).toEqual({ args, exit: 0, whole: true });
    }
  });

  it('nothing was started: every look says so, none breaks', async () => {
    const { root } = await givenRoot({ releases: 0 });
    const end = await airlock(join(root, 'elsewhere'), 'status');
    expect(end.exit).toBe(0);
    expect(end.stdout).toMatch(/^! nothing was started here yet {2}-> {2}airlock start\n/);
    const list = await airlock(join(root, 'elsewhere'), 'runs', '--json');
    expect(document(list)).toMatchObject({ reason: { code: 'not-found' } });
  });
});

describe('propose without a daemon', () => {
  it('drops it whole under a name that is free, and says so', async () => {
    const { root, layout } = await aRoot();
    const file = join(root, 'words.patch');
    writeFileSync(file, 'diff --git a/x b/x\n');
    const first = document(await airlock(root, 'propose', file, '--json'));
    const again = document(await airlock(root, 'propose', file, '--as', 'maker', '--json'));
    const third = document(await airlock(root, 'propose', file, '--json'));
    expect(first).toMatchObject({ ok: true, drop: 'words', id: null, daemon: false });
    expect(again).toMatchObject({ drop: 'words', proposer: 'maker' });
    expect(third).toMatchObject({ drop: 'words-2', proposer: 'operator' });
    expect(readdirSync(layout.inbox('operator'))).toEqual(['words-2.patch', 'words.patch']);
    const dropped = readFileSync(join(layout.inbox('operator'), 'words-2.patch'), 'utf8');
    expect(dropped).toBe('diff --git a/x b/x\n');
  });

  it.each([
    ['what is not there', ['nothing.patch'], 1, 'not-found'],
    ['an agent that is none', ['words.patch', '--as', 'nobody'], 2, 'usage'],
    ['a name that is none', ['words.patch', '--as', '../x'], 2, 'usage'],
  ])('refuses %s', async (_what, [name = '', ...args], exit, code) => {
    const { root, layout } = await aRoot();
    writeFileSync(join(root, 'words.patch'), '');
    const end = await airlock(root, 'propose', join(root, name), ...args, '--json');
    expect(end.exit).toBe(exit);
    expect(document(end)).toMatchObject({ reason: { code } });
    expect(readdirSync(layout.inbox('operator'))).toEqual([]);
  });
});

describe('kill switches', () => {
  it.each([
    ['--agent', 'nosuch', ['no agent nosuch is in the current configuration']],
    ['--tenant', 'nosuch', ['no tenant nosuch is in the current configuration']],
    ['--agent', 'maker', []],
    ['--tenant', 'default', []],
    ['--run', 'nosuch', []],
  ])('%s %s is on, daemon or not; whom nobody knows is a warning', async (scope, who, notes) => {
    const { root, layout } = await aRoot();
    const halt = ['halt', scope, who, '--reason', 'r'];
    const end = await airlock(root, ...halt);
    expect(end).toMatchObject({ exit: 0, stdout: expect.stringContaining(`${who}.`) });
    expect(readdirSync(layout.switches)).toEqual([`${scope.slice(2)}.${who}`]);
    if (notes.length === 0) expect(end.stderr).toBe('');
    else expect(end.stderr).toContain(`warning: ${notes[0]}`);
    const told = document<{ notes: string[] }>(await airlock(root, ...halt, '--json'));
    expect(told).toMatchObject({ ok: true, on: true, notes: notes.map((one) => has(one)) });
  });

  it('a configuration that cannot be read halts all the same', async () => {
    const { root, layout } = await aRoot();
    rmSync(layout.current);
    writeFileSync(layout.current, 'no link');
    const end = await airlock(root, 'halt', '--agent', 'maker', '--reason', 'r', '--json');
    expect(end.exit).toBe(0);
    expect(document<{ notes: string[] }>(end).notes).toHaveLength(1);
    expect(readdirSync(layout.switches)).toEqual(['agent.maker']);
  });

  it('are files that are in force at once, and are lifted', async () => {
    const { root, layout } = await aRoot();
    await airlock(root, 'halt', '--host', '--reason', 'fire');
    await airlock(root, 'halt', '--tool', 'send_message', '--reason', 'spam');
    await airlock(root, 'lock', '--reason', 'audit');
    expect(readdirSync(layout.switches)).toEqual(['host', 'lockdown', 'tool.send_message']);
    expect(readFileSync(join(layout.switches, 'host'), 'utf8')).toBe('fire\n');
    expect((await airlock(root, 'status')).stdout).toMatch(/^! .*host is halted|the supervisor/);
    await airlock(root, 'resume', '--host');
    const again = await airlock(root, 'resume', '--host');
    expect(again).toMatchObject({ exit: 0, stdout: expect.stringContaining('nothing to lift') });
    expect(readdirSync(layout.switches)).toEqual(['lockdown', 'tool.send_message']);
  });
});

describe('verify', () => {
  it('says of a journal that is gone, with nothing told of it, that it is gone', async () => {
    const { root, layout } = await aRoot();
    rmSync(layout.journal);
    const end = await airlock(root, 'verify', '--json');
    expect([end.exit, end.stdout]).toEqual([1, expect.stringContaining('it is gone')]);
  });

  it('names the file that is not as its manifest says', async () => {
    const { root, layout, releases } = await aRoot();
    const [old] = releases.map((one) => one.id);
    damage(join(layout.release(old ?? ''), 'app/tools/list.ts'));
    const end = await airlock(root, 'verify', '--json');
    expect(end.exit).toBe(1);
    const bad = document<{ releases: { faults: unknown[] }[] }>(end).releases;
    const faults = bad.flatMap((one) => one.faults);
    expect(faults[0]).toMatchObject({ code: 'corrupt-release', input: 'app/tools/list.ts' });
  });

  it('names every release that shares the file, and one that is whole', async () => {
    const { root, layout, releases } = await givenRoot({ releases: 3 });
    const [first, second, now] = releases.map((one) => one.id) as [string, string, string];
    const shared = 'app/tools/list.ts';
    share(shared, [layout.release(second), layout.release(now)]);
    damage(join(layout.release(now), shared));
    for (const args of [['verify'], ['verify', now]]) {
      const told = document(await airlock(root, ...args, '--json'));
      expect(told).toMatchObject({ affected: expect.arrayContaining([second, now]) });
      expect(told).toMatchObject({ intact: [first], shared: [{ path: shared }] });
      expect(told.advice).toContain(`\`airlock rollback --to ${first}\``);
    }
    const end = await airlock(root, 'verify', now);
    expect(end.stderr).toContain(`\`airlock rollback --to ${first}\``);
    expect(end.stdout).toMatch(new RegExp(`${shared} is one file in .*${second}`));
  });

  it('where none is whole it advises no rollback', async () => {
    const { root, layout, releases } = await aRoot();
    for (const { id } of releases) damage(join(layout.release(id), 'app/tools/list.ts'));
    const { advice } = document(await airlock(root, 'verify', '--json'));
    expect(advice).toMatch(/^No release is intact: `airlock halt --host/);
  });
});

it('a backup makes no folder for itself', async () => {
  const { root } = await aRoot();
  const { exit, stderr } = await airlock(root, 'backup', `${root}/nosuch/x`);
  expect([exit, stderr]).toEqual([1, expect.stringContaining(`there is no folder ${root}/nosuch`)]);
  expect(existsSync(`${root}/nosuch`)).toBe(false);
});
