import { chmodSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge as judgeCgroups } from '../../supervisor/doctor/checks/cgroups.ts';
import { judge as judgeDisk } from '../../supervisor/doctor/checks/disk.ts';
import { judge as judgeNode } from '../../supervisor/doctor/checks/node.ts';
import { checks } from '../../supervisor/doctor/checks.ts';
import { examine } from '../../supervisor/doctor/doctor.ts';
import { good } from '../../supervisor/doctor/finding.ts';
import { removeTree } from '../../supervisor/host/files/files.ts';
import { flip } from '../../supervisor/host/files/links.ts';
import { hostAbilities } from '../../supervisor/model/policy.ts';
import { reason } from '../../supervisor/model/reason.ts';
import type { RunBrief } from '../../supervisor/model/run.ts';
import { writeSwitch } from '../../supervisor/store/switches.ts';
import { aProposal, put, time } from '../fixtures/store/rows.ts';
import { look } from './support/doctor.ts';
import { type Given, givenRoot, hostRow, type Root } from './support/root.ts';

/** A file of its own that its manifest does not know: other releases stay whole. */
function spoil(release: string): void {
  chmodSync(release, 0o755);
  writeFileSync(join(release, 'one-too-many'), '', { mode: 0o444 });
  chmodSync(release, 0o555);
}

const failed = (id: string): RunBrief => ({
  ...{ id, agent: 'maker', path: 'task', release: 'r', kind: 'service', outcome: 'failed' },
  ...{ cause: 'runtime', durationMs: 1, usd: 0, steps: 0, endedAt: time },
});

const failing = put('agents', 'maker', {
  ...{ name: 'maker', paths: {}, recent: [...'abc'].map(failed), lastRun: null },
  ...{ failures: 0, waitUntil: 0, lastTurn: 0 },
});

const because = reason('host-failed', { message: 'no route', step: 'notify' });
const retried = (attempts: number) =>
  put('retries', 'notify', { key: 'notify', step: null, attempts, at: time, reason: because });
const rebuilt = { at: time, what: 'rebuilt' as const, found: ['runs'], aside: null };

describe('doctor', () => {
  it('finds a host well whose daemon alone does not run', async () => {
    const seen = await look(await givenRoot());
    expect(seen.wrong).toEqual(['daemon: the daemon does not run']);
    expect(seen.findings.filter((one) => !one.ok).every((one) => one.remedy !== null)).toBe(true);
  });

  it('before the first start says what waits for it', async () => {
    const root = await givenRoot({ releases: 0 });
    rmSync(root.layout.journal);
    const seen = await look(root);
    expect(seen.wrong).toEqual([`folders: nothing was started in ${root.root} yet`]);
    expect(seen.waiting).toContain('journal');
  });

  it.each<[string, (root: Root) => void, string, Given?]>([
    [
      'a file of current that was changed',
      ({ layout, releases }) => {
        const file = join(layout.release(releases.at(-1)?.id ?? ''), 'kernel/main.ts');
        chmodSync(file, 0o644);
        writeFileSync(file, 'evil');
      },
      'current: the current release',
    ],
    [
      'a link that somebody moved',
      ({ layout, releases }) => void flip(layout, releases[0]?.id ?? '', null),
      'somebody moved it',
    ],
    [
      'dependencies that are gone',
      ({ layout }) => rmSync(layout.deps, { recursive: true }),
      'dependencies: the dependencies of current are gone',
    ],
    ['no link', ({ layout }) => rmSync(layout.current), 'current: current is not there'],
    [
      'a misspelt switch',
      ({ layout }) => writeFileSync(join(layout.switches, 'hosts'), ''),
      'switches: "hosts"',
    ],
    [
      'a switch folder that is none',
      ({ layout }) => {
        rmSync(layout.switches, { recursive: true });
        writeFileSync(layout.switches, '');
      },
      'switches: the switch folder cannot be read',
    ],
    [
      'a journal that is damaged',
      ({ layout }) => writeFileSync(layout.journal, 'no database'.repeat(1000)),
      'journal: could not look',
    ],
    [
      'a journal that is gone from a host that lived',
      ({ layout }) => rmSync(layout.journal),
      'journal: could not look: the journal is gone',
    ],
    [
      'a folder that is gone',
      ({ layout }) => rmSync(layout.inboxes, { recursive: true }),
      'is not a folder',
    ],
    [
      'a stable release that is gone',
      ({ layout, releases }) => removeTree(layout.release(releases[0]?.id ?? '')),
      'is on record, but not complete on the disk',
    ],
    [
      'receipts that nobody can deliver',
      ({ layout }) => {
        mkdirSync(layout.inbox('maker'), { recursive: true });
        mkdirSync(dirname(layout.receipts('maker')), { recursive: true });
        writeFileSync(layout.receipts('maker'), '');
      },
      'inboxes: the receipts of maker are no folder',
    ],
    [
      'what fails again and again',
      () => undefined,
      'retries: notify failed 5 times: no route',
      { more: () => [retried(5)] },
    ],
    [
      'what was found of the journal, until somebody has read it',
      () => undefined,
      'journal: the journal was damaged and made anew from files',
      { more: ([, now]) => [hostRow(now?.id ?? null, { journal: rebuilt })] },
    ],
    [
      'a folder that anybody can write',
      ({ layout }) => chmodSync(layout.releases, 0o777),
      'anybody',
    ],
    [
      'an agent whose every task fails',
      () => undefined,
      'agents: the last 3 runs of maker failed',
      { more: () => [failing] },
    ],
  ])('finds %s', async (_what, spoil, expected, given) => {
    const root = await givenRoot(given);
    spoil(root);
    const seen = await look(root);
    expect(seen.ok).toBe(false);
    expect(seen.wrong.join('\n')).toContain(expected);
  });

  it.each<[string, Given, (root: Root) => void, (ids: string[]) => string]>([
    ['the stable release', { releases: 2 }, () => undefined, () => '`airlock rollback`'],
    [
      'a whole one by name, where none is stable',
      { releases: 2, stable: () => false },
      () => undefined,
      ([old]) => `\`airlock rollback --to ${old}\``,
    ],
    [
      'a whole one by name, where the stable one is damaged',
      { releases: 3, stable: (index) => index !== 0 },
      ({ layout, releases }) => spoil(layout.release(releases[1]?.id ?? '')),
      ([old]) => `\`airlock rollback --to ${old}\``,
    ],
    [
      'a halt, where there is no other',
      { releases: 1 },
      () => undefined,
      () => '`airlock halt --h',
    ],
  ])('a way back that helps: %s', async (_what, given, more, remedy) => {
    const root = await givenRoot(given);
    more(root);
    const ids = root.releases.map((one) => one.id);
    spoil(root.layout.release(ids.at(-1) ?? ''));
    const { findings } = await look(root);
    expect(findings.find((one) => one.check === 'current')?.remedy).toContain(remedy(ids));
  });

  it('names every fault of the policy', async () => {
    const seen = await look(await givenRoot(), { policy: 'tick: never\nwhat: 1\n' });
    const found = seen.findings.find((one) => one.check === 'policy');
    expect(found?.message).toMatch(/the policy file has \d+ faults/);
    expect(found?.details.join()).toContain('what: unknown key');
  });

  it('names what waits for a person, as no fault', async () => {
    const held = put('proposals', 'p', aProposal('p', { held: true }));
    const root = await givenRoot({ more: () => [held] });
    writeSwitch(root.layout, 'agent', 'nobody', 'r');
    const seen = await look(root);
    const notes = seen.findings.filter((one) => one.severity === 'warning');
    expect(notes.map((one) => one.message)).toContain(
      '1 proposal held: their runs were on bad releases',
    );
    expect(seen.wrong).toEqual(['daemon: the daemon does not run']);
  });

  it.each<[string, (root: Root) => void, string, Given?]>([
    [
      'a folder its group can write',
      ({ layout }) => chmodSync(layout.releases, 0o775),
      'its group',
    ],
    [
      'a history that is not there',
      ({ layout }) => rmSync(layout.history, { recursive: true, force: true }),
      'there is no history repository',
    ],
    ['a few tries in vain', () => undefined, 'failed 4 times', { more: () => [retried(4)] }],
    [
      'an approval that is waited for',
      () => undefined,
      'waiting for an approval: 1 proposal',
      { more: () => [put('proposals', 'p', aProposal('p', { phase: 'awaiting-approval' }))] },
    ],
    [
      'an inbox of nobody',
      ({ layout }) => mkdirSync(layout.inbox('No One'), { recursive: true }),
      '"No One" in inbox/ is no agent',
    ],
    ['no way back', () => undefined, 'there is no stable release to go back to', { releases: 1 }],
    [
      'a switch that was perhaps forgotten',
      ({ layout }) => {
        writeSwitch(layout, 'host', null, 'r');
        utimesSync(join(layout.switches, 'host'), 1, time / 1000 - 8 * 86_400);
      },
      'the switch of host has been on since',
    ],
  ])('warns of %s', async (_what, spoil, expected, given) => {
    const root = await givenRoot(given);
    spoil(root);
    const { findings } = await look(root);
    const warned = findings.filter((one) => one.severity === 'warning').map((one) => one.message);
    expect(warned.join('\n')).toContain(expected);
  });

  it('a check that could not look has failed, and the others still look', async () => {
    const verify = () => {
      throw new Error('no eyes');
    };
    const seen = await look(await givenRoot(), { verify });
    expect(seen.wrong).toContain('current: could not look: no eyes');
    expect(seen.findings.map((one) => one.check)).toContain('retries');
  });

  it('is content only where every check is', async () => {
    const ground = {} as never;
    const fine = { name: 'fine', needs: 'nothing' as const, look: () => [good('fine')] };
    expect((await examine(ground, [fine])).ok).toBe(true);
  });
});

describe('this machine', () => {
  it.each([
    ['20.19.0', true],
    ['24.1.0', true],
    ['20.18.9', false],
    ['18.20.0', false],
  ])('Node %s: %s', (version, ok) => expect(judgeNode(version).ok).toBe(ok));

  const GiB = 1024 ** 3;
  it.each([
    ['room', { free: 50 * GiB, total: 100 * GiB }, true, 'note'],
    ['little room on a large disk', { free: 0.2 * GiB, total: 100 * GiB }, false, 'warning'],
    ['a small disk that is empty', { free: 0.2 * GiB, total: 0.25 * GiB }, true, 'note'],
    ['no room', { free: 0, total: 100 * GiB }, false, 'error'],
    ['no inodes', { free: 50 * GiB, total: 100 * GiB, freeInodes: 3 }, false, 'error'],
    [
      'uncounted inodes',
      { free: 50 * GiB, total: GiB, freeInodes: 0, totalInodes: 0 },
      true,
      'note',
    ],
  ])('%s', (_what, space, ok, severity) => {
    const whole = { freeInodes: 1e6, totalInodes: 1e7, ...space };
    expect(judgeDisk(whole)).toMatchObject({ ok, severity });
  });

  it('never pretends to limit what it cannot', () => {
    const abilities = [...hostAbilities];
    const full = { cgroups: 'v2' as const, groups: true, abilities };
    expect(judgeCgroups(full, abilities).ok).toBe(true);
    const none = judgeCgroups({ ...full, groups: false, abilities: [] }, []);
    expect(none).toMatchObject({ ok: false, severity: 'warning' });
    expect([none.message, none.details.length]).toEqual([expect.stringMatching(/none/), 5]);
    const few = { ...full, abilities: ['pids' as const, 'users' as const] };
    expect(judgeCgroups(few, []).message).toContain('missing: memory, cpu, freeze');
    // Each lacks something else: no service, or a service on a kernel without it.
    expect(none.remedy).toContain('Delegate=yes');
    expect(judgeCgroups(few, []).remedy).toContain('/proc/cgroups');
    const needed = judgeCgroups(few, ['pids', 'memory']);
    expect(needed).toMatchObject({
      severity: 'error',
      message: expect.stringMatching(/: memory$/),
    });
  });

  it('can make a sandbox, or says why not', async () => {
    const only = checks.filter((one) => one.name === 'sandbox');
    const { findings } = await examine({ blank: false } as never, only);
    expect(findings).toMatchObject([{ ok: true, message: 'a sandboxed `true` ran' }]);
  });
});
