import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { attribute } from '../../supervisor/decide/attribute.ts';
import { type GroupGround, readyGroups } from '../../supervisor/host/cgroup/ground.ts';
import { makeGroup } from '../../supervisor/host/cgroup/group.ts';
import { freezeIn } from '../../supervisor/host/cgroup/kill.ts';
import { RUN_USER } from '../../supervisor/host/sandbox/identity.ts';
import { buildDriver, givenHost, removeDriver, supervisors } from '../sandbox/support/host.ts';
import type { DriverAnswer } from '../sandbox/support/requests.ts';
import { givenGroup } from './support/groups.ts';
import { givenLauncher, until } from './support/launcher.ts';

beforeAll(buildDriver);
afterAll(removeDriver);

const MiB = 1024 ** 2;
/** Small, so that no test can hurt the machine that it runs on. */
const bounds = { memory: 64 * MiB, processes: 32, cpu: 1, workspace: 16 * MiB, inbox: 500 };

/** Groups are root's to make. */
const asRoot = describe.each(supervisors.filter((one) => one === 'root'));

const verdict = ({ run }: DriverAnswer) => run && attribute(run.ending);

asRoot('a run in groups of its own, by %s,', () => {
  test.each([
    ['eats memory', 'node eats-memory.mjs', 'memory', 'out-of-memory'],
    ['forks without end', './forks-without-end.sh', 'processes', 'too-many-processes'],
    ['fills its workspace', './eats-disk.sh /workspace', 'workspace', 'workspace-full'],
    ['fills the disk by its inbox', './eats-disk.sh /inbox', 'workspace', 'workspace-full'],
    ['floods its inbox', 'node floods-inbox.mjs', 'inbox', 'inbox-full'],
  ])('that %s is ended, named and leaves nothing', async (_what, entry, stoppedBy, code) => {
    const host = givenHost('root');
    const group = givenGroup();
    const { socket: launcher } = await givenLauncher(host.base, { AIRLOCK_CGROUP: group.path });
    const answer = await host.ask({ launcher, bounds, run: { entry: entry.split(' ') } });
    expect(answer.run?.ending).toMatchObject({ stoppedBy, hostFault: null });
    expect(verdict(answer)).toMatchObject({
      ...{ outcome: 'failed', cause: 'runtime' },
      reason: { code, hint: expect.stringContaining('limits.run') },
    });
    expect([answer.run?.left, group.runs()]).toEqual([[], []]);
  });

  test('is ended with all that detached itself, and its groups are gone', async () => {
    const host = givenHost('root');
    const { path: cgroup, runs } = givenGroup();
    host.given({ 'workspaces/maker/hang': '' });
    const stop = { when: 'ready', why: 'halt' } as const;
    const { run } = await host.ask({
      cgroup,
      bounds,
      run: { entry: ['./escapes-setsid.sh'], stop },
    });
    expect(run?.ending).toMatchObject({ stoppedBy: 'halt', hostFault: null });
    expect([run?.left, runs()]).toEqual([[], []]);
  });

  test('takes along what is in its groups and not in its sandbox: the groups are killed', async () => {
    const host = givenHost('root');
    const { path: cgroup, runs } = givenGroup();
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    const gone = once(stranger, 'exit');
    onTestFinished(() => void stranger.kill('SIGKILL'));
    const entry = ['sh', '-c', 'touch /workspace/up; exec sleep 600'];
    const stop = { when: 'ready', why: 'halt' } as const;
    const asked = host.ask({ cgroup, bounds, run: { entry, stop } });
    await until(() => existsSync(join(host.workspace, 'up')));
    for (const one of runs()) writeFileSync(`${one}/cgroup.procs`, `${stranger.pid}`);
    writeFileSync(join(host.workspace, 'ready'), '');
    expect((await gone)[1]).toBe('SIGKILL');
    const { run } = await asked;
    expect([run?.ending.stoppedBy, run?.left, runs()]).toEqual(['halt', [], []]);
  });

  test('whose launcher is killed is waited for, however long its end takes', async () => {
    const host = givenHost('root');
    const group = givenGroup();
    const environment = { AIRLOCK_CGROUP: group.path };
    const { socket: launcher, process } = await givenLauncher(host.base, environment);
    host.given({ 'workspaces/maker/hang': '' });
    let told = false;
    const asked = host.ask({ launcher, run: { entry: ['./escapes-setsid.sh'] } });
    void asked.then(() => {
      told = true;
    });
    await until(() => existsSync(join(host.workspace, 'ready')));
    // Version 1: what is frozen dies when it thaws.
    freezeIn(group.runs(), true);
    process.kill('SIGKILL');
    // Time for a wrong word to come.
    await wait(500);
    const early = told && host.marked().length > 0;
    freezeIn(group.runs(), false);
    const { run } = await asked;
    expect([early, run?.left]).toEqual([false, []]);
  });

  test('that exits and leaves processes behind has ended when they have', async () => {
    const host = givenHost('root');
    const { path: cgroup, runs } = givenGroup();
    const { run } = await host.ask({ cgroup, bounds, run: { entry: ['./escapes-setsid.sh'] } });
    expect(run?.ending).toMatchObject({ exit: 0, stoppedBy: null, hostFault: null });
    expect([run?.left, runs()]).toEqual([[], []]);
  });

  test('is held to what its policy says, by the kernel', async () => {
    const host = givenHost('root');
    const { path: cgroup, runs } = givenGroup();
    const few = { ...bounds, cpu: 0.25 };
    const busy = ['sh', '-c', 'while :; do :; done'];
    const driver = host.start({ cgroup, bounds: few, run: { entry: busy } });
    /** What a file of the run's groups says, where one has it. */
    const says = (...names: string[]) => {
      const files = runs().flatMap((one) => names.map((name) => `${one}/${name}`));
      return files.filter((one) => existsSync(one)).map((one) => readFileSync(one, 'utf8'));
    };
    // A busy host gives it less anyway: that it would have had more is what the kernel counts.
    const throttled = () => says('cpu.stat').some((one) => /^nr_throttled [1-9]/m.test(one));
    await until(throttled);
    expect(says('cpu.max', 'cpu.cfs_quota_us').map((one) => Number.parseInt(one, 10))).toEqual([
      25_000,
    ]);
    expect(says('memory.max', 'memory.limit_in_bytes').map(Number)).toEqual([few.memory]);
    expect(says('pids.max').map(Number)).toEqual([few.processes]);
    driver.kill('SIGKILL');
    await until(() => says('cgroup.procs').join('') === '');
  });

  test('is in them before it begins, all of it', async () => {
    const host = givenHost('root');
    const { path: cgroup, runs } = givenGroup();
    const driver = host.start({
      cgroup,
      bounds: { ...bounds, processes: 200 },
      run: { entry: ['./forks-children.sh'] },
    });
    await until(() => existsSync(join(host.workspace, 'ready')) && host.marked().length >= 33);
    const members = runs().map((one) => execFileSync('cat', [`${one}/cgroup.procs`]).toString());
    for (const pid of host.marked()) {
      expect(members.every((all) => all.split('\n').includes(pid))).toBe(true);
    }
    driver.kill('SIGKILL');
    await until(() => host.marked().length === 0);
  });
});

asRoot('what an earlier launcher left, run by %s,', () => {
  test('is ended and removed before the next one starts anything', async () => {
    const host = givenHost('root');
    const group = givenGroup();
    const first = await givenLauncher(host.base, { AIRLOCK_CGROUP: group.path });
    const enter = group
      .folders()
      .map((one) => `mkdir ${one}/left; echo 0 >${one}/left/cgroup.procs`);
    const left = spawn('sh', ['-c', `${enter.join(';')}; exec sleep 1000`], { stdio: 'ignore' });
    const gone = once(left, 'exit');
    const held = (one: string) => execFileSync('cat', [`${one}/cgroup.procs`]).length > 0;
    await until(() => group.runs().length === group.folders().length && group.runs().every(held));
    first.process.kill('SIGKILL');
    await once(first.process, 'exit');
    await givenLauncher(host.base, { AIRLOCK_CGROUP: group.path });
    expect((await gone)[1]).toBe('SIGKILL');
    expect(group.runs()).toEqual([]);
  });
});

asRoot('a host of %s, whose trees', () => {
  test.each([
    ['are all there', () => true],
    ['are version 1 alone', (version: number) => version === 1],
    ['are version 2 alone', (version: number) => version === 2],
  ])('%s: what forks is ended', async (_what, has) => {
    const { path } = givenGroup();
    const { plots } = (await readyGroups(path, false)) as GroupGround;
    const group = makeGroup({ plots: plots.filter((one) => has(one.version)) }, 'forks', null);
    const enter = group.entries.map((one) => `echo 0 >${one}`).join(';');
    const forks = 'while :; do setsid sh -c "exec sleep 5" & sleep 0.001; done';
    // Never more than this machine bears, whatever fails.
    const bounded = `${enter}; ulimit -u 2000; ${forks}`;
    const bomb = spawn('timeout', ['-sKILL', '5', 'sh', '-c', bounded], { stdio: 'ignore' });
    const members = () =>
      execFileSync('cat', [group.entries[0] as string])
        .toString()
        .split('\n');
    await until(() => members().length > 20);
    const began = performance.now();
    await group.gone();
    expect(performance.now() - began).toBeLessThan(2000);
    bomb.kill('SIGKILL');
  });
});

describe('a run without groups', () => {
  test('that fills its workspace is stopped all the same', async () => {
    const host = givenHost(process.getuid?.() === 0 ? 'root' : 'an ordinary user');
    const run = { entry: ['./eats-disk.sh', '/workspace'] };
    const answer = await host.ask({ bounds, run });
    expect(verdict(answer)).toMatchObject({ cause: 'runtime', reason: { code: 'workspace-full' } });
  });

  test('that found its workspace full may make room', async () => {
    const host = givenHost(process.getuid?.() === 0 ? 'root' : 'an ordinary user');
    host.given({ 'workspaces/maker/old': 'x'.repeat(20 * MiB) });
    const makesRoom = ['sh', '-c', 'sleep 0.5; rm /workspace/old; sleep 0.5; exit 9'];
    const { run } = await host.ask({ bounds, run: { entry: makesRoom } });
    expect(run?.ending).toMatchObject({ exit: 9, stoppedBy: null });
  });

  test('that eats file handles is told no', async () => {
    const host = givenHost(process.getuid?.() === 0 ? 'root' : 'an ordinary user');
    const { run } = await host.ask({ run: { entry: ['node', 'eats-descriptors.mjs'] } });
    expect(run?.ending.exit).toBe(3);
    expect(run?.trace).toMatchObject([
      { text: expect.stringMatching(/^EMFILE after [1-8]\d{3}\n/) },
    ]);
  });
});

asRoot('a disk of %s with a reserve', () => {
  test.each([
    ['a run', 'eats-disk.sh'],
    ['a file that nobody sees any more', 'holds-removed.sh'],
  ])(
    'is not filled by %s: the run is stopped, as no evidence, and the reserve stays',
    async (_, fixture) => {
      const host = givenHost('root');
      const disk = join(host.base, 'workspaces');
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512m', 'tmpfs', disk]);
      onTestFinished(() => void execFileSync('umount', ['-l', disk]));
      mkdirSync(host.workspace);
      lchownSync(host.workspace, RUN_USER, RUN_USER);
      host.given({ 'workspaces/maker/marker': host.marker });
      const wide = { ...bounds, workspace: 1024 * MiB, reserve: 256 * MiB };
      const run = { entry: [`./${fixture}`, '/workspace'] };
      const answer = await host.ask({ bounds: wide, run });
      expect(verdict(answer)).toMatchObject({ cause: 'host', reason: { code: 'disk-reserve' } });
      expect(answer.run?.left).toEqual([]);
      const { bavail, bsize } = statfsSync(disk);
      expect(bavail * bsize).toBeGreaterThan(0);
    },
  );
});
