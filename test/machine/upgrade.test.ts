import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InstalledHost, installedHost } from './support/host.ts';
import { anotherVersion, insteadOf, knowingLess } from './support/version.ts';

/** As an upgrade of the journal does: a whole copy first, then a schema that nobody else knows. */
const newer = [
  'top=$(dirname "$(dirname "$(readlink -f "$0")")") state=/var/lib/airlock/var/state',
  '[ -e $state/journal.db.v3 ] || cp $state/journal.db $state/journal.db.v3',
  'sqlite=$(echo "$top"/node_modules/better-sqlite3*)',
  `"$top"/node/bin/node -e "const d = new (require('$sqlite'))('$state/journal.db'); d.pragma('user_version = 99'); d.close()"`,
].join('; ');

/** The supervisor's own blue/green, with the real services. */
describe('airlock upgrade', () => {
  let host: InstalledHost;
  let first: string;
  const door = (name: string) => join(host.machine.place, 'door', name);
  const version = () => host.json<{ daemon: { version: string } }>('status').daemon.version;
  const program = () => host.machine.must('readlink /usr/lib/airlock/current').trim();
  const marked = () => host.machine.sh('test -e /usr/lib/airlock/upgrading').exit === 0;
  const works = () => {
    expect(host.airlock('run', 'ada').exit).toBe(0);
    expect(host.airlock('verify').exit).toBe(0);
  };

  beforeAll(async () => {
    host = await installedHost();
    first = program();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('takes a version over, from its tarball, and goes back to the one before', async () => {
    await anotherVersion(door('airlock-0.2.0'), '0.2.0');
    const argv = ['-C', door(''), '-I', 'gzip -1', '-cf', door('two.tar.gz'), 'airlock-0.2.0'];
    // 1: the package's files have many names, and another test beside makes or removes one.
    expect(spawnSync('tar', argv).status).toBeLessThan(2);
    const before = host.current;
    const up = host.airlock('upgrade', '/host/two.tar.gz');
    expect(`${up.exit} ${up.stderr}`).toMatch(/^0 /);
    expect([program(), version(), marked()]).toEqual(['0.2.0', '0.2.0', false]);
    expect(host.machine.must('readlink /usr/lib/airlock/previous').trim()).toBe(first);
    expect(host.current).toBe(before);
    works();
    const down = host.airlock('upgrade', `/usr/lib/airlock/${first}`);
    expect(`${down.exit} ${down.stderr}`).toMatch(/^0 /);
    expect([program(), version()]).toEqual([first, first]);
    works();
  });

  it('refuses an older version that could not read the journal any more: nothing changes', async () => {
    await anotherVersion(door('old'), '0.0.9', knowingLess);
    const state = () => host.machine.must('ls /var/lib/airlock/var/state | grep ^journal');
    const before = [state(), host.current];
    const down = host.airlock('upgrade', '/host/old', '--json');
    expect(down.exit).toBe(1);
    expect(JSON.parse(down.stdout).reason).toMatchObject({
      ...{ code: 'upgrade-refused', step: 'self-check', input: '0.0.9' },
      actual: expect.stringMatching(/the journal has schema \d+, .* \(schema-newer\)$/),
    });
    expect([program(), version(), marked()]).toEqual([first, first, false]);
    expect([state(), host.current]).toEqual(before);
    works();
  });

  it('changes nothing for a package that is damaged, or whose self-check fails', async () => {
    await anotherVersion(door('sick'), '0.3.0', insteadOf('self-check', 'exit 1'));
    const sick = host.airlock('upgrade', '/host/sick', '--json');
    expect(JSON.parse(sick.stdout).reason.code).toBe('upgrade-refused');
    host.machine.must('cp -r /host/sick /host/torn; echo x >>/host/torn/README.md');
    const torn = host.airlock('upgrade', '/host/torn', '--json');
    expect(JSON.parse(torn.stdout).reason.code).toBe('package-damaged');
    expect([program(), version(), marked()]).toEqual([first, first, false]);
    works();
  });

  it.each([
    ['cannot even start', 'exit 1'],
    ['starts and is never ready', 'exec sleep 600'],
    ['brings the journal to a schema of its own, and dies', `{ ${newer}; exit 1; }`],
  ])('flips back by itself from a version that %s', async (_what, line) => {
    const name = `try-${line.length}`;
    await anotherVersion(door(name), '0.4.0', insteadOf('start', line));
    const up = host.airlock('upgrade', `/host/${name}`, '--within', '8s', '--json');
    expect(up.exit).toBe(1);
    expect(JSON.parse(up.stdout).reason).toMatchObject({ code: 'upgrade-failed', input: '0.4.0' });
    expect([program(), version(), marked()]).toEqual([first, first, false]);
    works();
  });

  it('is taken back by systemd where the upgrade itself was killed', async () => {
    // As an upgrade leaves it that died right after its flip.
    await anotherVersion(door('dead'), '0.5.0', insteadOf('start', 'exit 1'));
    const { machine } = host;
    machine.must(
      `cp -r /host/dead /usr/lib/airlock/0.5.0; ln -sfn ${first} /usr/lib/airlock/previous`,
    );
    machine.must(`echo "0.5.0 ${first}" >/usr/lib/airlock/upgrading`);
    machine.must('ln -sfn 0.5.0 /usr/lib/airlock/current; systemctl restart airlock || true');
    await machine.until(`[ "$(readlink /usr/lib/airlock/current)" = ${first} ]`);
    await host.ready();
    await machine.until('airlock status --json | grep -q \'"running": *true\'');
    expect([version(), marked()]).toEqual([first, false]);
    const said = machine.must('journalctl -u airlock-fallback -o cat --no-pager');
    expect(said).toContain(`back to ${first}`);
    works();
  });

  it('is not taken back because the version before took too long to stop', async () => {
    const { machine } = host;
    await anotherVersion(door('fine'), '0.6.0');
    const folder = '/run/systemd/system/airlock.service.d';
    const slow = '[Service]\nExecStop=/bin/sleep 60\nTimeoutStopSec=1s\n';
    machine.write(`${folder}/slow.conf`, slow);
    machine.must('systemctl daemon-reload');
    const up = host.airlock('upgrade', '/host/fine');
    expect(`${up.exit} ${up.stderr}`).toMatch(/^0 /);
    const heard = 'journalctl -u airlock-fallback -o cat | grep "nothing is taken back"';
    await machine.until(heard, 'the fallback to be asked');
    expect([program(), version(), marked()]).toEqual(['0.6.0', '0.6.0', false]);
    machine.must(`rm -r ${folder}; systemctl daemon-reload`);
    works();
  });
});
