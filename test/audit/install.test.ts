import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installOf } from '../../supervisor/audit/install.ts';
import { pathOf } from '../../supervisor/audit/path-of.ts';
import { agentUsers } from '../../supervisor/audit/users.ts';
import { findPrograms } from '../../supervisor/host/process/programs.ts';
import { layout } from '../../supervisor/model/layout.ts';
import { policySchema } from '../../supervisor/model/policy.ts';

const policy = policySchema.parse({
  runtime: {
    source: 'src',
    include: ['app', { from: 'k/lock', to: 'lock' }],
    entry: ['node'],
    tools: 'tools',
  },
  notify: { command: ['./tell', 'me'] },
  smoke: { suite: 'suite' },
  models: { cheap: [{ provider: 'rehearsal' }] },
});

const given = (change: Partial<Parameters<typeof installOf>[0]> = {}) => ({
  layout: layout('/srv/airlock'),
  policyFile: '/etc/airlock/airlock.yaml',
  policy: { policy, folder: '/etc/airlock', file: '/etc/airlock/airlock.yaml', digest: '' },
  programs: findPrograms(),
  hostInstall: true,
  agents: ['maker'],
  identities: {
    has: () => true,
    of: () => ({ root: true, uid: 61_001, gid: 61_001 }) as const,
  },
  releases: [{ id: 'r', deps: 'lock1' }],
  search: ['/usr/bin', 'relative', '/usr/bin'],
  ...change,
});

const paths = (change?: Parameters<typeof given>[0]) =>
  pathOf(installOf(given(change))).map(({ path }) => path);

describe('what is on the invocation path', () => {
  it('is everything that the issue and the policy name', () => {
    const found = paths();
    const root = '/srv/airlock';
    for (const path of [
      ...['/etc/airlock/airlock.yaml', '/etc/airlock', '/etc/airlock/suite', '/etc/airlock/tools'],
      ...['/etc/airlock/tell', '/usr/bin', '/usr/bin/airlock', process.execPath],
      ...['/etc/systemd/system', '/etc/ld.so.preload', '/etc/passwd'],
      ...[root, `${root}/current`, `${root}/releases`, `${root}/releases/r`, `${root}/deps/lock1`],
      ...[`${root}/var/state/journal.db`, `${root}/var/switches`, `${root}/var/control`],
      ...[`${root}/receipts/maker`, `${root}/var/staging`, `${root}/var/intake`],
      ...[`${root}/inbox/maker`, `${root}/workspaces/maker`],
    ]) {
      expect(found).toContain(path);
    }
    expect(found).not.toContain('relative');
  });

  it('is the source folder until the first release is made of it', () => {
    const source = ['app', 'k/lock'].map((name) => join('/etc/airlock/src', name));
    expect(paths({ releases: [] })).toEqual(expect.arrayContaining(source));
    expect(paths().filter((path) => source.includes(path))).toEqual([]);
  });

  it('is tried as every user that an agent has, or that is called like one', () => {
    const user = (name: string, uid: number) => ({ name, uid, gid: uid });
    const users = [user('root', 0), user('al-gone', 902), user('al-maker', 901), user('ann', 1000)];
    const groups = [{ name: 'wheel', gid: 10, members: ['ann', 'al-gone'] }];
    expect(
      agentUsers(
        [
          { uid: 901, gid: 901 },
          { uid: 61_000, gid: 61_000 },
        ],
        { users, groups },
      ),
    ).toEqual([
      { name: 'al-gone', uid: 902, gid: 902, groups: [10] },
      { name: 'al-maker', uid: 901, gid: 901, groups: [] },
      { name: 'uid 61000', uid: 61_000, gid: 61_000, groups: [] },
    ]);
  });
});
