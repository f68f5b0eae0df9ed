import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Install } from '../../supervisor/audit/path-of.ts';
import { librariesOf } from '../../supervisor/host/path/elf.ts';
import { findPrograms } from '../../supervisor/host/process/programs.ts';
import { asRoot, letWrite, maker, PlantedHost } from './support/host.ts';

const { bwrap } = findPrograms();

type Plant = (host: PlantedHost) => Partial<Install> | undefined;

/** Something in the program folder that leads elsewhere. */
function leads(host: PlantedHost, target: string): void {
  const link = host.at('usr/bin/airlock');
  rmSync(link);
  host.link(link, target);
}

/** What is planted, which fault is named where, and the remedy. */
const planted: [string, Plant, string, (host: PlantedHost) => string, RegExp][] = [
  [
    'a folder that anybody can write, above the target of a link',
    (host) => {
      host.file(host.at('opt/shared/real/airlock.js'));
      chmodSync(host.at('opt/shared'), 0o777);
      leads(host, host.at('opt/shared/real/airlock.js'));
      return undefined;
    },
    'world',
    (host) => host.at('opt/shared'),
    /^chmod g?o-w /,
  ],
  [
    'a dependency folder that a group can write',
    ({ layout }) => {
      chmodSync(join(layout.deps, 'lock1/node_modules/left'), 0o775);
      return undefined;
    },
    'group',
    ({ layout }) => join(layout.deps, 'lock1/node_modules/left'),
    /^chmod g-w .*setfacl -b/,
  ],
  [
    'a file deep in the release',
    ({ layout }) => {
      chmodSync(join(layout.release('r1'), 'kernel/main.mjs'), 0o666);
      return undefined;
    },
    'world',
    ({ layout }) => join(layout.release('r1'), 'kernel/main.mjs'),
    /^chmod g?o-w /,
  ],
  [
    'an ACL that lets an agent write a dependency',
    ({ layout }) => {
      letWrite(join(layout.deps, 'lock1/node_modules'), maker);
      return undefined;
    },
    'group',
    ({ layout }) => join(layout.deps, 'lock1/node_modules'),
    /setfacl -b /,
  ],
  [
    'an ACL where operators may write anyway',
    ({ layout }) => {
      letWrite(layout.switches, maker);
      return undefined;
    },
    'acl',
    ({ layout }) => layout.switches,
    /^setfacl -b -k /,
  ],
  [
    'a folder of the chain that is an agent’s',
    (host) => {
      chownSync(host.at('usr/lib/airlock'), maker, maker);
      return undefined;
    },
    'owner',
    (host) => host.at('usr/lib/airlock'),
    /^chown root /,
  ],
  [
    'a link that an agent owns',
    (host) => {
      lchownSync(host.at('usr/bin/airlock'), maker, maker);
      return undefined;
    },
    'owner',
    (host) => host.at('usr/bin/airlock'),
    /^chown -h root /,
  ],
  [
    'a hop through an agent’s folder',
    (host) => {
      const inner = host.link(join(host.layout.workspace('maker'), 'a'), host.at('usr/lib'));
      leads(host, `${inner}/airlock/current/dist/cli/airlock.js`);
      return undefined;
    },
    'owner',
    ({ layout }) => layout.workspace('maker'),
    /^chown root /,
  ],
  [
    'a set-uid helper in the program',
    (host) => {
      host.file(host.at('usr/lib/airlock/1.0/git/helper'), 0o4755);
      return undefined;
    },
    'setuid',
    (host) => host.at('usr/lib/airlock/1.0/git/helper'),
    /^chmod u-s,g-s /,
  ],
  [
    'a set-gid interpreter',
    (host) => {
      chmodSync(host.at('usr/lib/airlock/1.0/node/bin/node'), 0o2755);
      return undefined;
    },
    'setuid',
    (host) => host.at('usr/lib/airlock/1.0/node/bin/node'),
    /^chmod u-s,g-s /,
  ],
  [
    'a drop-in folder that a group can write',
    (host) => {
      chmodSync(host.at('etc/systemd/system/airlock.service.d'), 0o775);
      return undefined;
    },
    'group',
    (host) => host.at('etc/systemd/system/airlock.service.d'),
    /^chmod g-w /,
  ],
  [
    'a folder of units in which anybody may make a drop-in, sticky or not',
    (host) => {
      chmodSync(host.at('etc/systemd/system'), 0o1777);
      return undefined;
    },
    'world',
    (host) => host.at('etc/systemd/system'),
    /^chmod g?o-w /,
  ],
  [
    'a policy file that a group can write',
    (host) => {
      chmodSync(host.at('etc/airlock/airlock.yaml'), 0o664);
      return undefined;
    },
    'group',
    (host) => host.at('etc/airlock/airlock.yaml'),
    /^chmod g-w /,
  ],
  [
    'a scenario of an agent',
    (host) => {
      chownSync(host.at('usr/lib/airlock/1.0/share/smoke/task.yaml'), maker, maker);
      return undefined;
    },
    'owner',
    (host) => host.at('usr/lib/airlock/1.0/share/smoke/task.yaml'),
    /^chown root /,
  ],
  [
    'switches that anybody can write',
    ({ layout }) => {
      chmodSync(layout.switches, 0o777);
      return undefined;
    },
    'world',
    ({ layout }) => layout.switches,
    /^chmod g?o-w /,
  ],
  [
    'switches that another group can write',
    ({ layout }) => {
      chownSync(layout.switches, 0, maker);
      return undefined;
    },
    'group',
    ({ layout }) => layout.switches,
    /^chmod g-w /,
  ],
  [
    'a control folder without the sticky bit',
    ({ layout }) => {
      chmodSync(layout.control, 0o770);
      return undefined;
    },
    'sticky',
    ({ layout }) => layout.control,
    /^chmod \+t /,
  ],
  [
    'a journal that a group can write',
    ({ layout }) => {
      chmodSync(layout.journal, 0o660);
      return undefined;
    },
    'group',
    ({ layout }) => layout.journal,
    /^chmod g-w /,
  ],
  [
    'receipts that are their reader’s',
    ({ layout }) => {
      chownSync(layout.receipts('scout'), maker, maker);
      return undefined;
    },
    'owner',
    ({ layout }) => layout.receipts('scout'),
    /^chown root /,
  ],
  [
    'an inbox that is another agent’s',
    ({ layout }) => {
      chownSync(layout.inbox('scout'), maker, maker);
      return undefined;
    },
    'owner',
    ({ layout }) => layout.inbox('scout'),
    /^chown root /,
  ],
  [
    'sealed intake that anybody can write',
    ({ layout }) => {
      chmodSync(layout.intake, 0o777);
      return undefined;
    },
    'world',
    ({ layout }) => layout.intake,
    /^chmod g?o-w /,
  ],
  [
    'an agent that is an operator',
    (host) => {
      const { users, operators } = host.install();
      const [first] = users;
      return first ? { users: [{ ...first, groups: [operators ?? 0] }] } : undefined;
    },
    'member',
    () => '/etc/group',
    /^gpasswd -d al-maker airlock-operators/,
  ],
];

describe.each(asRoot)('the walk of the invocation path, %s', () => {
  it('finds nothing where everything is as it should be', () => {
    expect(new PlantedHost().walk()).toEqual([]);
  });

  it.each(planted)('finds %s', (_, plant, fault, where, remedy) => {
    const host = new PlantedHost();
    const found = host.walk(plant(host) ?? {});
    const path = where(host);
    expect(found.map((one) => `${one.fault} ${one.path}`)).toEqual([`${fault} ${path}`]);
    expect(found[0]?.remedy).toMatch(remedy);
    expect(found[0]?.message).toContain(fault === 'member' ? 'al-maker' : path);
  });
});

describe('the programs of the path', () => {
  // bubblewrap's libraries have libraries of their own.
  it.each([process.execPath, bwrap])('have the libraries that the loader finds: %s', (program) => {
    const said = execFileSync('ldd', [program], { encoding: 'utf8' });
    const wanted = [...said.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => realpathSync(path));
    expect(wanted.length).toBeGreaterThan(3);
    const found = librariesOf(program).map((path) => realpathSync(path));
    expect([...new Set(found)].sort()).toEqual([...new Set(wanted)].sort());
  });
});
