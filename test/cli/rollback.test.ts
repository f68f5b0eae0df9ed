import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Deployment } from '../../supervisor/model/deployment.ts';
import { reason } from '../../supervisor/model/reason.ts';
import type { Release } from '../../supervisor/model/release.ts';
import type { Put } from '../../supervisor/model/state.ts';
import { aProposal, put } from '../fixtures/store/rows.ts';
import { airlock, document } from './support/command.ts';
import { givenRoot, type Root } from './support/root.ts';

const link = ({ layout }: Root) => readlinkSync(layout.current).replace('releases/', '');
const ids = ({ releases }: Root) => releases.map((one) => one.id) as [string, string, string];

/** A process that holds this ROOT as the daemon does. */
async function givenDaemon({ root }: Root) {
  const file = join(import.meta.dirname, '../fixtures/cli/answers-requests.ts');
  const argv = ['--import', 'tsx', file, root];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break;
  return child;
}

/** The last release bakes: proposal `p` of maker. */
function baking([old, now]: Release[]): Put[] {
  const slot = {
    ...{ proposal: 'p', phase: 'baking', since: 1, onto: old?.id, gates: [], canary: null },
    candidate: { release: now?.id, digest: now?.digest },
    bake: { startedAt: 1, runs: [], suspects: [], confirm: null, firstEvidence: null },
  } as unknown as Deployment;
  const proposal = aProposal('p', { phase: 'baking', release: now?.id ?? null });
  return [put('deployment', 'deployment', slot), put('proposals', 'p', proposal)];
}

/** Its failed bake was being rolled back when the daemon was killed, before the flip. */
function cutOff([old, now]: Release[]): Put[] {
  const because = reason('bake-failed', { message: 'it failed', step: 'bake' });
  const to = old?.id ?? '';
  const step = { do: 'flip', to, from: null, why: 'rollback' } as const;
  const key = `flip:rollback:${to}`;
  const row = { from: now?.id ?? '', to, reason: because, by: 'airlock', bad: true };
  return [
    put('rollback', 'rollback', { ...row, clear: false, startedAt: 1, request: null }),
    put('pending', key, { key, step, since: 1, attempts: 1 }),
  ];
}

describe('where nothing was ever started', () => {
  it.each(['', '/elsewhere'])('a rollback says so and makes nothing: ROOT%s', async (below) => {
    const { root, layout } = await givenRoot({ releases: 0 });
    rmSync(layout.journal);
    const end = await airlock(`${root}${below}`, 'rollback', '--json');
    expect(end.exit).toBe(1);
    expect(document(end).reason).toMatchObject({
      ...{ code: 'not-found', step: 'rollback', input: `${root}${below}` },
      expected: expect.stringContaining('var/state/journal.db'),
      hint: expect.stringContaining('--root'),
    });
    expect(existsSync(`${root}/elsewhere`)).toBe(false);
    expect(existsSync(layout.journal)).toBe(false);
  });
});

describe('rollback without a daemon', () => {
  it('needs no journal, and makes no empty one that knows of no release', async () => {
    const root = await givenRoot({ releases: 2 });
    rmSync(root.layout.journal);
    const end = await airlock(root.root, 'rollback', '--to', ids(root)[0], '--json');
    expect(document(end)).toMatchObject({ ok: true, reason: { code: 'journal-damaged' } });
    expect(link(root)).toBe(ids(root)[0]);
    expect(existsSync(root.layout.journal)).toBe(false);
  });

  it('goes to the last stable release, records it, and bars the one that is left', async () => {
    const root = await givenRoot({ stable: (index) => index < 1 });
    const [before, after] = ids(root);
    const end = await airlock(root.root, 'rollback', '--reason', 'it smells', '--json');
    expect(end.exit).toBe(0);
    expect(document(end)).toMatchObject({ ok: true, from: after, to: before, bad: true });
    expect(link(root)).toBe(before);
    const state = root.state();
    expect(state.host.get('host')?.current).toBe(before);
    expect([...state.bad.values()]).toMatchObject([{ release: after, message: 'it smells' }]);
    expect([state.rollback.size, state.pending.size, state.answers.size]).toEqual([0, 0, 0]);
    const log = root.read((reader) => reader.log({ limit: 10 })).map((one) => one.entry);
    const said = log.find((one) => one.type === 'mark' && one.mark.mark === 'rollback');
    expect(said).toMatchObject({ mark: { by: expect.stringContaining('break glass') } });
    const kinds = log.map((one) => one.type);
    expect(kinds.indexOf('outcome')).toBeLessThan(kinds.indexOf('intent'));
  });

  it('ends the deployment that was baking as rolled back', async () => {
    const root = await givenRoot({ stable: (index) => index < 1, more: baking });
    expect((await airlock(root.root, 'rollback')).exit).toBe(0);
    expect(root.state().deployment.size).toBe(0);
    expect(root.read((reader) => reader.proposal('p'))?.phase).toBe('rolled-back');
    expect(root.state().agents.get('maker')?.failures ?? 0).toBe(0);
  });

  it.each([
    ['--keep bars nothing', ['--keep'], 1, 0],
    ['--to goes where it says', ['--to', '@0'], 0, 1],
  ])('%s', async (_title, args, target, bad) => {
    const root = await givenRoot({ releases: 3 });
    const named = args.map((one) => (one === '@0' ? (ids(root)[0] ?? '') : one));
    const end = await airlock(root.root, 'rollback', ...named);
    expect(end).toMatchObject({ exit: 0, stderr: '' });
    expect(link(root)).toBe(ids(root)[target]);
    expect(root.state().bad.size).toBe(bad);
  });

  it('finishes a rollback on evidence that a crash cut off', async () => {
    const more = (all: Release[]) => [...baking(all), ...cutOff(all)];
    const root = await givenRoot({ stable: (index) => index < 1, more });
    const end = await airlock(root.root, 'rollback', '--to', ids(root)[0] ?? '', '--json');
    // What was asked for is what the one under way had come to already.
    expect(end.exit).toBe(3);
    expect(link(root)).toBe(ids(root)[0]);
    expect(root.state().rollback.size).toBe(0);
    expect(root.state().bad.size).toBe(1);
    // Evidence counts against its proposer; the policy's own wait is asked for.
    expect(root.state().agents.get('maker')).toMatchObject({ name: 'maker', failures: 1 });
  });

  it('halts the host where no stable release is left, and says so', async () => {
    const root = await givenRoot({ stable: (index) => index === 1 });
    const end = await airlock(root.root, 'rollback', '--json');
    expect(end.exit).toBe(1);
    expect(document(end)).toMatchObject({ ok: false });
    expect(readdirSync(root.layout.switches)).toEqual(['host']);
    expect(link(root)).toBe(ids(root)[1]);
  });

  it('refuses a release that is not complete', async () => {
    const root = await givenRoot();
    const [old, now] = ids(root);
    execFileSync('chmod', ['-R', 'u+w', root.layout.release(old)]);
    rmSync(root.layout.manifest(old));
    const end = await airlock(root.root, 'rollback', '--to', old, '--json');
    expect(end.exit).toBe(1);
    const because = { code: 'corrupt-release', input: old };
    expect(document(end)).toMatchObject({ ok: false, reason: because });
    expect(link(root)).toBe(now);
    const { releases, rollback, retries } = root.state();
    expect(releases.get(old)?.damaged?.message).toContain('release.json');
    expect([rollback.size, retries.size]).toEqual([0, 0]);
  });

  it('goes past a damaged one to the next that is whole, and says so', async () => {
    const root = await givenRoot({ releases: 3 });
    const [oldest, damaged, now] = ids(root);
    execFileSync('chmod', ['-R', 'u+w', root.layout.release(damaged)]);
    rmSync(join(root.layout.release(damaged), 'app'), { recursive: true });
    const end = await airlock(root.root, 'rollback', '--json');
    expect(end.exit).toBe(0);
    expect(document(end)).toMatchObject({ from: now, to: oldest, passed: [damaged] });
    expect(link(root)).toBe(oldest);
    expect(root.state().releases.get(damaged)?.damaged).toBeTruthy();
    const { findings } = document(await airlock(root.root, 'doctor', '--json'));
    expect(JSON.stringify(findings)).toContain(`${damaged} was passed over as damaged`);
  });

  it('flips although the journal is damaged, and says what is not recorded', async () => {
    const root = await givenRoot();
    const [, now] = ids(root);
    // What `current` was made from is all that is known without the journal.
    const manifest = root.layout.manifest(now);
    execFileSync('chmod', ['u+w', manifest]);
    const parent = ids(root)[0];
    const text = JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), parent });
    writeFileSync(manifest, text);
    writeFileSync(root.layout.journal, 'this is no database, and was one before'.repeat(200));
    const end = await airlock(root.root, 'rollback', '--json');
    expect(end.exit).toBe(0);
    expect(document(end)).toMatchObject({ to: parent, reason: { code: 'journal-damaged' } });
    expect(link(root)).toBe(parent);
    const [left] = readdirSync(root.layout.control);
    const request = JSON.parse(readFileSync(join(root.layout.control, left ?? ''), 'utf8'));
    expect(request).toMatchObject({ verb: 'rollback', flipped: { from: now, to: parent } });
  });
});

describe('rollback with a daemon', () => {
  it('is asked of the daemon, and its answer is what is said', async () => {
    const root = await givenRoot();
    await givenDaemon(root);
    const end = await airlock(root.root, 'rollback', '--reason', 'r', '--json');
    expect(end.exit).toBe(0);
    const asked = { verb: 'rollback', to: null, keep: false, reason: 'r', flipped: null };
    expect(document(end)).toMatchObject({ message: expect.stringContaining('fixture'), asked });
    expect(link(root)).toBe(ids(root)[1]);
  });

  it('goes over the head of one that hangs, and leaves it word', async () => {
    const root = await givenRoot();
    const daemon = await givenDaemon(root);
    daemon.kill('SIGSTOP');
    const end = await airlock(root.root, 'rollback', '--json');
    expect(end.exit).toBe(0);
    const [before, now] = ids(root);
    expect(document(end)).toMatchObject({ daemon: 'silent', from: now, to: before });
    expect(link(root)).toBe(before);
    const [left, ...others] = readdirSync(root.layout.control);
    expect(others).toEqual([]);
    const request = JSON.parse(readFileSync(join(root.layout.control, left ?? ''), 'utf8'));
    expect(request.flipped).toEqual({ from: now, to: before });
  });

  it.each([
    ['to a release that is not there', ['--to', '20260101T000000Z-0000000000']],
    ['where no stable one is left', []],
  ])('that hangs, %s: refused, and not done later either', async (_, args) => {
    const root = await givenRoot();
    const daemon = await givenDaemon(root);
    daemon.kill('SIGSTOP');
    if (args.length === 0) rmSync(root.layout.release(ids(root)[0] ?? ''), { recursive: true });
    const now = link(root);
    const end = await airlock(root.root, 'rollback', ...args, '--json');
    expect(end.exit).not.toBe(0);
    expect([link(root), readdirSync(root.layout.control)]).toEqual([now, []]);
  });
});
