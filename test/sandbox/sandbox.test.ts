import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { launch } from '../../supervisor/host/process/process.ts';
import {
  findPrograms,
  missingPrograms,
  type Programs,
} from '../../supervisor/host/process/programs.ts';
import { type SandboxSpec, sandboxArgv } from '../../supervisor/host/sandbox/sandbox.ts';
import { Failure } from '../../supervisor/model/reason.ts';

const programs: Programs = {
  ...{ bwrap: '/usr/bin/bwrap', socat: '/opt/extra/socat', setpriv: '/usr/bin/setpriv' },
  ...{ sh: '/bin/sh', node: '/root/node/bin/node24', git: '/usr/bin/git', npm: null },
  system: {
    roots: [
      { path: '/bin', to: 'usr/bin' },
      { path: '/lib', to: null },
    ],
    etc: ['/etc/ld.so.cache'],
  },
};

const spec = (parts: Partial<SandboxSpec> = {}): SandboxSpec => ({
  ...{ programs, identity: { root: true, uid: 61_000, gid: 61_000 }, runtime: '/root/r' },
  ...{ runtimeWritable: false, deps: '/root/d', tools: null, workspace: '/root/w' },
  ...{ inbox: '/root/i', receipts: '/root/q', gateway: '/root/s', environment: { A: 'b' } },
  ...{ command: ['node', 'main.ts'], ...parts },
});

/** Adjacent words of an argv, to look for. */
const words = (argv: string[]) => ` ${argv.join(' ')} `;

test('a run as root: what bubblewrap keeps, what setpriv drops, what is mounted', () => {
  const argv = sandboxArgv(spec());
  const split = argv.indexOf('--');
  expect(argv.slice(0, 9)).toEqual([
    ...['/usr/bin/bwrap', '--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID'],
    ...['--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP'],
  ]);
  expect(argv.slice(split + 1, split + 10)).toEqual([
    ...['/usr/bin/setpriv', '--reuid', '61000', '--regid', '61000', '--clear-groups'],
    ...['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'],
  ]);
  expect(argv.slice(-3)).toEqual(['/opt/airlock/bin/socat', '/opt/airlock/bin/node', 'main.ts']);
  for (const mount of [
    ...['--ro-bind /root/r /runtime', '--ro-bind /root/d /runtime/node_modules'],
    ...['--bind /root/w /workspace', '--bind /root/i /inbox', '--ro-bind /root/q /receipts'],
    ...['--ro-bind /root/s /run/gateway', '--ro-bind /root/node/bin/node24 /opt/airlock/bin/node'],
    ...['--ro-bind /opt/extra/socat /opt/airlock/bin/socat', '--symlink usr/bin /bin'],
    ...['--ro-bind /lib /lib', '--clearenv', '--setenv A b', '--remount-ro /'],
  ]) {
    expect(words(argv)).toContain(` ${mount} `);
  }
  expect(words(argv)).not.toContain('--share-net');
});

test('a run as an ordinary user: a user namespace, no capability, no setpriv', () => {
  const argv = sandboxArgv(spec({ identity: { root: false } }));
  expect(words(argv)).toContain(' --unshare-user --uid 61000 --gid 61000 --cap-drop ALL ');
  expect(argv).not.toContain('--cap-add');
  expect(argv[argv.indexOf('--') + 1]).toBe('/bin/sh');
});

test('a build check: a writable copy, tools first on PATH, no gateway, nothing of an agent', () => {
  const nothing = { workspace: null, inbox: null, receipts: null, gateway: null };
  const argv = sandboxArgv(spec({ ...nothing, runtimeWritable: true, tools: '/root/t' }));
  expect(words(argv)).toContain(' --bind /root/r /runtime ');
  expect(words(argv)).toContain(' --ro-bind /root/t /tools/node_modules ');
  expect(words(argv)).toContain(
    ' --setenv PATH /tools/node_modules/.bin:/opt/airlock/bin:/usr/bin:/bin ',
  );
  expect(argv).not.toContain('/workspace');
  expect(argv).not.toContain('/run/gateway');
});

test('the environment of a run cannot move its search path', () => {
  const argv = sandboxArgv(spec({ environment: { PATH: '/workspace/bin' } }));
  expect(argv).not.toContain('/workspace/bin');
});

test.each([
  ['bwrap', 'missing-bubblewrap', 'apt-get install bubblewrap'],
  ['socat', 'missing-socat', 'apt-get install socat'],
  ['setpriv', 'missing-setpriv', 'apt-get install util-linux'],
  ['git', 'missing-git', 'apt-get install git'],
])('without %s nothing starts, and it is said how to install it', (name, code, remedy) => {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-path-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const all = findPrograms();
  for (const other of ['bwrap', 'socat', 'setpriv', 'git', 'sh'] as const) {
    if (other !== name) symlinkSync(all[other], join(folder, other));
  }
  symlinkSync('/bin/true', join(folder, 'sync'));
  expect(missingPrograms(folder)).toMatchObject([{ code, hint: expect.stringContaining(remedy) }]);
  expect(() => findPrograms(folder)).toThrow(Failure);
});

const options = { environment: { PATH: '/usr/bin:/bin' }, kept: 1000, flood: 1e6, wall: 10_000 };

test('a bare process: stopped once, for the first reason, with what it started', async () => {
  const launched = launch(['sh', '-c', 'sleep 4242.25 & echo on; wait'], {
    ...options,
    onOutput: () => {
      launched.stop('halt');
      launched.stop('operator');
    },
  });
  const ending = await launched.ended;
  expect(ending).toMatchObject({ exit: null, signal: 'SIGKILL', stoppedBy: 'halt' });
  launched.stop('rollback');
  expect(await launched.ended).toBe(ending);
});

test('a process that cannot be started says why', async () => {
  const ending = await launch(['/no/such/program'], options).ended;
  expect(ending).toMatchObject({ exit: null, fault: { code: 'ENOENT' } });
});
