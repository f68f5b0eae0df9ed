import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { git } from '../../supervisor/host/process/git.ts';
import { instant } from '../../supervisor/model/duration.ts';
import { writeDaemon } from '../../supervisor/store/daemon.ts';
import { writeRequest } from '../../supervisor/store/requests.ts';
import { clearStuck, writeStuck } from '../../supervisor/store/stuck.ts';
import { time } from '../fixtures/store/rows.ts';
import { look, policyText } from './support/doctor.ts';
import { givenRoot, hostRow, type Root } from './support/root.ts';

const minute = 60_000;

/** What one check of doctor says, by severity: `error: ...`. */
async function says(check: string, root: Root, change: Parameters<typeof look>[1] = {}) {
  const { findings } = await look(root, change);
  const own = findings.filter((one) => one.check === check);
  expect(own.filter((one) => !one.ok && one.remedy === null)).toEqual([]);
  return own.map((one) => `${one.ok ? 'fine' : one.severity}: ${one.message}`).join('\n');
}

describe('the keys of models', () => {
  const upstream =
    '{provider: anthropic, url: "http://localhost:1", model: m, keyFile: key, price: {input: 0, output: 0}}';
  const policy = policyText.replace('{provider: rehearsal}', upstream);
  const key = (text: string, mode: number) => (root: Root) => {
    writeFileSync(join(root.layout.root, 'key'), text);
    chmodSync(join(root.layout.root, 'key'), mode);
  };
  const open = 'the key of the model cheap can be used by others (mode 644)';
  it.each<[string, (root: Root) => void, string, boolean]>([
    ['its owner’s alone', key('k', 0o600), 'fine: 1 model name, each with its key', true],
    ['not there', () => undefined, 'error: the key of the model cheap cannot be read', false],
    [
      'a folder',
      ({ layout }) => mkdirSync(join(layout.root, 'key')),
      'error: the key of the model cheap cannot be read',
      true,
    ],
    ['empty', key(' \n', 0o600), 'error: the key file of the model cheap is empty', true],
    ['open to others, on a host', key('k', 0o644), `error: ${open}`, true],
    ['open to others, in a checkout', key('k', 0o644), `warning: ${open}`, false],
  ])('%s', async (_what, make, expected, hostInstall) => {
    const root = await givenRoot();
    make(root);
    expect(await says('models', root, { policy, hostInstall })).toBe(expected);
  });

  it('the rehearsal model is for development: on a host it is a fault', async () => {
    const root = await givenRoot();
    expect(await says('models', root)).toMatch(/^warning: .*answered by the rehearsal model$/);
    expect(await says('models', root, { hostInstall: true })).toMatch(/^error: /);
  });
});

describe('the history', () => {
  /** A repository in which `current` is this commit; null: a real one of its own. */
  async function given(root: Root, commit: string | null): Promise<void> {
    const { layout, releases } = root;
    const repository = layout.history;
    rmSync(repository, { recursive: true, force: true });
    mkdirSync(repository, { recursive: true });
    const say = async (...args: string[]) =>
      (await git({ repository, args })).stdout.toString().trim();
    await say('init', '--bare', '-q');
    const tree = await say('hash-object', '-t', 'tree', '-w', '/dev/null');
    const made = await say(...'-c user.name=a -c user.email=a@b commit-tree -m x'.split(' '), tree);
    mkdirSync(join(repository, 'refs/releases'), { recursive: true });
    const ref = join(repository, 'refs/releases', releases.at(-1)?.id ?? '');
    writeFileSync(ref, `${commit ?? made}\n`);
  }
  it.each<[string, (root: Root) => Promise<void> | void, string]>([
    ['whole', (root) => given(root, null), 'fine: the history knows the current release'],
    [
      'broken',
      async (root) => {
        await given(root, null);
        writeFileSync(join(root.layout.history, 'HEAD'), 'no head\n');
      },
      'error: the history repository is broken',
    ],
    [
      'without the commit of current',
      (root) => given(root, 'f'.repeat(40)),
      'error: the history has lost the current release',
    ],
    [
      'without a word of current',
      async (root) => {
        await given(root, null);
        rmSync(join(root.layout.history, 'refs/releases'), { recursive: true });
      },
      'warning: the history does not know the current release',
    ],
  ])('%s', async (_what, make, expected) => {
    const root = await givenRoot();
    await make(root);
    expect(await says('history', root)).toBe(expected);
  });
});

describe('the agents of current', () => {
  const written = (text: string) => (root: Root) => {
    const { layout, releases } = root;
    const file = join(layout.release(releases.at(-1)?.id ?? ''), 'config/agents.yaml');
    chmodSync(file, 0o644);
    writeFileSync(file, text);
  };
  it.each<[string, (root: Root) => void, string]>([
    ['as they were staged', () => undefined, 'fine: no agent fails again and again'],
    ['no YAML', written('agents: {'), 'error: the agents of current cannot be read: none runs'],
    [
      'of a model that policy does not offer',
      written('agents: [{name: maker, model: dear, schedule: {}}]'),
      'error: maker does not run: the policy has no model dear',
    ],
  ])('%s', async (_what, make, expected) => {
    const root = await givenRoot();
    make(root);
    expect(await says('agents', root)).toBe(expected);
  });
});

describe('a daemon that runs', () => {
  /** This process is the daemon, since long ago; its loop last beat so many minutes ago. */
  async function beating(ago: number, now = time): Promise<Root> {
    const lastTick = now - ago * minute;
    const root = await givenRoot({ more: ([, one]) => [hostRow(one?.id ?? null, { lastTick })] });
    writeDaemon(root.layout, { since: instant(now - 600 * minute), version: '1' });
    return root;
  }

  // The tick is due every quarter of an hour; `time` is 01:18:50.
  it.each([
    ['beats', 3, /^fine: the daemon runs/],
    ['beat its last tick half an hour ago', 30, /^error: .* tick is 18 min late: its loop hangs$/],
  ])('%s', async (_what, ago, expected) => {
    expect(await says('daemon', await beating(ago))).toMatch(expected);
  });

  it('cannot finish a turn, until it can', async () => {
    const root = await beating(3);
    writeStuck(root.layout, new Error('the disk is gone'), time);
    expect(await says('daemon', root)).toBe(
      'error: its loop cannot go on: Error: the disk is gone',
    );
    clearStuck(root.layout);
    expect(await says('daemon', root)).toMatch(/^fine/);
  });

  it('answers no request', async () => {
    const root = await beating(3);
    writeRequest(root.layout, { verb: 'abort', reason: '' }, time - 9000);
    expect(await says('daemon', root)).toMatch(/^fine/);
    const later = await says('daemon', root, { now: time + 2000 });
    expect(later).toBe('error: 1 request without an answer: the loop hangs');
  });

  it('takes no drop in', async () => {
    // The age of a drop is the file system's to tell.
    const dropped = Date.now();
    const late = dropped + 2 * minute;
    const root = await beating(1, late);
    const inbox = root.layout.inbox('maker');
    mkdirSync(inbox, { recursive: true });
    writeFileSync(join(inbox, 'change.patch'), 'x');
    expect(await says('inboxes', root, { now: dropped + 50_000 })).toMatch(/^fine/);
    expect(await says('inboxes', root, { now: late })).toBe('error: 1 drop not taken in');
    // Nobody is there to take it: that is said, and no more.
    rmSync(root.layout.daemon);
    expect(await says('inboxes', root, { now: late })).toMatch(/^fine/);
  });
});
