import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { survey } from '../../supervisor/audit/audit.ts';
import { probeHere } from '../../supervisor/host/path/probe.ts';
import type { TryRequest } from '../../supervisor/host/path/try.ts';
import { asRoot, letWrite, maker, PlantedHost, scout } from './support/host.ts';

/** What the users could do, by the place in the planted host. */
async function could(host: PlantedHost): Promise<string[]> {
  const found = await host.audit();
  return found
    .filter((one) => one.fault === 'try')
    .map((one) => one.message.replace(host.folder, '').replace(/^al-/, ''));
}

const create = 'make a new file in, make a symbolic link in, link a file into, move a file into';

const planted: [string, (host: PlantedHost) => void, string[]][] = [
  [
    'a folder of releases that anybody can write',
    ({ layout }) => chmodSync(layout.releases, 0o777),
    [
      `maker could ${create} /root/releases`,
      'maker could remove or replace /root/releases/r1',
      `scout could ${create} /root/releases`,
      'scout could remove or replace /root/releases/r1',
    ],
  ],
  [
    'an ACL on the switches that names one of them',
    ({ layout }) => letWrite(layout.switches, maker),
    [`maker could ${create} /root/var/switches`],
  ],
  [
    'a journal that anybody can write',
    ({ layout }) => chmodSync(layout.journal, 0o666),
    [
      'maker could write /root/var/state/journal.db',
      'scout could write /root/var/state/journal.db',
    ],
  ],
  [
    'an interpreter that is an agent’s, and read-only',
    (host) => {
      const node = host.at('usr/lib/airlock/1.0/node/bin/node');
      chownSync(node, maker, maker);
      chmodSync(node, 0o555);
    },
    ['maker could change the mode of /usr/lib/airlock/1.0/node/bin/node'],
  ],
  [
    'a ROOT in which current could be replaced',
    ({ layout }) => {
      chownSync(layout.root, 0, maker);
      chmodSync(layout.root, 0o775);
    },
    [
      `maker could ${create} /root`,
      'maker could remove or replace /root/current',
      'maker could remove or replace /root/deps',
      'maker could remove or replace /root/inbox',
      'maker could remove or replace /root/receipts',
      'maker could remove or replace /root/releases',
      'maker could remove or replace /root/var',
      'maker could remove or replace /root/workspaces',
    ],
  ],
  [
    'an inbox that another agent can write',
    ({ layout }) => chmodSync(layout.inbox('maker'), 0o777),
    ['scout could make a new file in /root/inbox/maker'],
  ],
];

describe.each(asRoot)('the tries as agents’ users, %s', () => {
  it('come to nothing where everything is as it should be, and leave nothing', async () => {
    const host = new PlantedHost();
    const before = host.listing();
    expect(await host.audit()).toEqual([]);
    expect(host.listing()).toEqual(before);
  });

  it.each(planted)('find %s, and harm nothing', async (_, plant, wanted) => {
    const host = new PlantedHost();
    plant(host);
    const before = host.listing();
    expect((await could(host)).sort()).toEqual(wanted);
    expect(host.listing()).toEqual(before);
  });

  it('really are the agent’s: the kernel judges by its user and its groups', async () => {
    const host = new PlantedHost();
    const { request } = survey(host.install());
    const [first] = request.users;
    chownSync(host.layout.staging, 0, 61_777);
    chmodSync(host.layout.staging, 0o770);
    const as = (groups: number[]): TryRequest => ({
      ...request,
      users: first ? [{ ...first, groups }] : [],
    });
    expect(await probeHere(as([]))).toEqual([]);
    const found = await probeHere(as([61_777]));
    expect(new Set(found.map((one) => one.path))).toEqual(new Set([host.layout.staging]));
  });

  it('find who may mount over the releases, and take it away again', async () => {
    const host = new PlantedHost();
    const { request } = survey(host.install());
    const root = { name: 'root', uid: 0, gid: 0, groups: [], mount: true };
    const found = await probeHere({ ...request, users: [root], targets: [] });
    const here = { user: 'root', path: host.layout.releases, did: 'mount' };
    // Where root itself may not mount (a container), nobody can.
    expect(found).toEqual(mayMount(host.at('etc')) ? [here] : []);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(host.folder);
    const users = [{ ...root, name: 'al-maker', uid: scout, gid: scout }];
    expect(await probeHere({ ...request, users, targets: [] })).toEqual([]);
  });
});

describe('the tries', () => {
  it('are refused to whoever is not root', () => {
    const module = join(import.meta.dirname, '../../supervisor/host/path/probe.ts');
    const code = `const { probeHere } = await import(${JSON.stringify(module)});
      await probeHere({users: [], targets: [], scratch: null, mount: null}).catch((error) => {
        console.log(error.reason.code, error.message);
      });`;
    const argv = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', code];
    const nobody = asRoot.length > 0 ? { uid: maker, gid: maker } : {};
    const options = { encoding: 'utf8', ...nobody, cwd: '/', env: {} } as const;
    const said = execFileSync(process.execPath, argv, options);
    expect(said.trim()).toBe('host-failed only root can try as other users');
  });
});

function mayMount(folder: string): boolean {
  const { status } = spawnSync('mount', ['--bind', folder, folder]);
  if (status === 0) spawnSync('umount', [folder]);
  return status === 0;
}
