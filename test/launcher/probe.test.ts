import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { audit } from '../../supervisor/audit/audit.ts';
import { askLauncher, probeAt } from '../../supervisor/host/launcher/client.ts';
import { RUN_USER } from '../../supervisor/host/sandbox/identity.ts';
import { asRoot, PlantedHost } from '../audit/support/host.ts';
import { givenLauncher } from './support/launcher.ts';

/** A user that the launcher takes for an agent's, on every machine. */
const users = [{ name: 'al-any', uid: RUN_USER, gid: RUN_USER, groups: [] }];

describe.each(asRoot)('the tries that the launcher makes, %s', () => {
  test('are those that root would make here: nothing on a sound path, and what is open', async () => {
    const host = new PlantedHost();
    const { socket } = await givenLauncher(host.layout.root);
    const install = host.install({ users });
    expect(await audit(install, probeAt(socket))).toEqual([]);
    chmodSync(host.layout.journal, 0o666);
    const found = await audit(install, probeAt(socket));
    expect(found.map((one) => one.message)).toEqual([
      `al-any could write ${host.layout.journal}`,
      `${host.layout.journal} (journal) can be written by anybody`,
    ]);
  });
});

describe('the tries that the launcher makes', () => {
  test.each([
    ['root', [{ name: 'al-any', uid: 0 }]],
    ['a person', [{ name: 'al-any', uid: 1 }]],
  ])('are never made as %s', async (_, others) => {
    const root = mkdtempSync(join(tmpdir(), 'airlock-probe-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const { socket } = await givenLauncher(root);
    const asked = askLauncher(socket, { job: 'probe', users: others, targets: [] });
    await expect(asked).rejects.toMatchObject({ reason: { code: 'launcher-refused' } });
  });
});
