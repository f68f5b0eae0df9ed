import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openPort } from '../../supervisor/host/launcher/port.ts';
import { startSupervisor, supervise } from '../../supervisor/main.ts';
import { lacking } from '../../supervisor/model/offers.ts';
import { hostAbilities } from '../../supervisor/model/policy.ts';
import { givenHost, supervisors } from '../sandbox/support/host.ts';
import { givenGroup } from './support/groups.ts';
import { givenLauncher } from './support/launcher.ts';

test.each(supervisors.filter((one) => one === 'root'))(
  'the launcher of %s says what its groups can do, and what is required and missing is named',
  async (supervisor) => {
    const host = givenHost(supervisor);
    const { path } = givenGroup();
    const { socket } = await givenLauncher(host.base, { AIRLOCK_CGROUP: path });
    const offers = await (await openPort(socket)).offers();
    expect(offers).toMatchObject({ groups: true, abilities: hostAbilities });
    expect(lacking(hostAbilities, offers)).toBe(null);
  },
);

test('a checkout has no groups, and does not pretend', async () => {
  const offers = await (await openPort(null)).offers();
  expect(offers).toMatchObject({ groups: false, abilities: [] });
  expect(lacking([], offers)).toBe(null);
  expect(lacking(['memory', 'users'], offers)).toMatchObject({
    ...{ code: 'host-lacks', input: 'host.require', expected: 'memory, users' },
    message: 'the host does not offer memory, users, which the policy requires',
  });
});

test('a supervisor whose policy requires more than there is does not start', async () => {
  const root = mkdtempSync(join(tmpdir(), 'airlock-require-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const repository = join(import.meta.dirname, '../..');
  const ours = readFileSync(join(repository, 'supervisor/airlock.yaml'), 'utf8');
  const policyFile = join(root, 'airlock.yaml');
  const found = ours
    .replaceAll('../', `${repository}/`)
    .replace('source: ..', `source: ${repository}`);
  writeFileSync(policyFile, `${found}\nhost: {require: [memory]}\n`);
  const options = { root, policyFile };
  await expect(startSupervisor(options)).rejects.toMatchObject({ reason: { code: 'host-lacks' } });
  // The class of a faulty policy: starting again would not help.
  expect(await supervise(options)).toBe(2);
});
