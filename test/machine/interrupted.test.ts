import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostPolicy, InstalledHost, prepare } from './support/host.ts';
import { boot } from './support/machine.ts';
import { anotherVersion } from './support/version.ts';

/*
 * Install, upgrade and uninstall are cut off midway, by kill -9 or by the plug, and said again; two
 * instances share the host.
 */
let host: InstalledHost;
beforeAll(async () => {
  const machine = await boot();
  host = new InstalledHost(machine);
  await prepare(machine);
  machine.write('/etc/airlock/lab.yaml', hostPolicy());
});
afterAll(() => host?.[Symbol.asyncDispose]());

const cutOff = {
  'kill -9': async () => void host.machine.sh("pkill -KILL -f 'dist/cli/[a]irlock.js'"),
  'a pulled plug': async () => {
    await host.machine.pullPlug();
    await host.machine.boot();
    host.machine.must('systemctl start multi-user.target');
  },
};

/**
 * Say it, and cut it off when it told of that step; throws where it never came to it. Said once more
 * where it ended before: seen once in some twenty runs of the suite, right after a kill, when nothing
 * kept what it had said. Now it is printed.
 */
async function cut(
  argv: string[],
  step: RegExp,
  how: keyof typeof cutOff,
  tries = 2,
): Promise<void> {
  const child = host.machine.start(argv);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (step.test(said)) child.emit('step');
    });
  }
  const ended = once(child, 'close');
  await Promise.race([ended, once(child, 'step')]);
  if (!step.test(said)) {
    const told = `${argv.join(' ')} never came to ${step}: exit ${child.exitCode}: ${said}`;
    if (tries <= 1) throw new Error(told);
    process.stderr.write(`${told}\n`);
    return cut(argv, step, how, tries - 1);
  }
  await cutOff[how]();
  await ended;
}

const instance = (name: string | null) => (name === null ? [] : ['--instance', name]);
const currentOf = (name: string) =>
  host.machine.must(`readlink /var/lib/airlock${name}/current`).trim();

it.each([
  ['program', 'kill -9'],
  ['users', 'kill -9'],
  ['systemd', 'a pulled plug'],
] as const)('install, cut off after the step %s by %s, is said again', async (step, how) => {
  const argv = ['/host/package/bin/airlock', 'install'];
  await cut(argv, new RegExp(`[+=] ${step} `), how);
  // Whatever is there of it, uninstall would take away.
  const dry = host.machine.run(['/host/package/bin/airlock', 'uninstall', '--dry-run']);
  expect(dry.exit).toBe(0);
});

it('the last time it comes to its end, and the host works', async () => {
  const { machine } = host;
  machine.must('/host/package/bin/airlock install', { within: 180_000 });
  await host.ready();
  await machine.until('/usr/bin/airlock run ada', 'a run to go through');
  expect(host.airlock('verify').exit).toBe(0);
  machine.must('! ls -A /usr/lib/airlock | grep -F .un');
});

it('two instances: each has its own change, and one goes back without the other', async () => {
  const { machine } = host;
  machine.must('/host/package/bin/airlock install --instance lab', { within: 180_000 });
  await machine.until('systemctl is-active airlock@lab airlock-launcher@lab airlock');
  const before = [currentOf(''), currentOf('-lab')];
  for (const name of [null, 'lab']) {
    const files = 'd=/root/change; mkdir -p $d/files/app; echo "title: t" >$d/proposal.yaml';
    machine.must(`${files}; echo "of ${name}" >$d/files/app/prompt.md`);
    const said = host.airlock('propose', '/root/change', '--wait', ...instance(name));
    expect(`${said.exit} ${said.stdout} ${said.stderr}`).toMatch(/^0 /);
  }
  const after = [currentOf(''), currentOf('-lab')];
  expect(after[0]).not.toBe(before[0]);
  expect(after[1]).not.toBe(before[1]);
  const back = host.airlock('rollback', '--reason', 'a test', ...instance('lab'));
  expect(`${back.exit} ${back.stderr}`).toMatch(/^0 /);
  expect([currentOf(''), currentOf('-lab')]).toEqual([after[0], before[1]]);
  expect(machine.must('cat /var/lib/airlock/current/app/prompt.md')).toBe('of null\n');
  for (const name of [null, 'lab']) expect(host.airlock('verify', ...instance(name)).exit).toBe(0);
  const users = machine.must('grep -o "^al-[a-z-]*" /etc/passwd').trim().split('\n').sort();
  expect(users).toEqual(['al-ada', 'al-ben', 'al-cleo', 'al-lab-ada', 'al-lab-ben', 'al-lab-cleo']);
});

it.each([
  ['program', 'kill -9'],
  ['flip', 'a pulled plug'],
] as const)(
  'upgrade, cut off after %s by %s: one whole version runs; said again it is done',
  async (step, how) => {
    const { machine } = host;
    const program = () => machine.must('readlink /usr/lib/airlock/current').trim();
    const before = program();
    const to = before === '0.1.0' ? '0.2.0' : '0.1.0';
    const source = to === '0.1.0' ? '/host/package' : '/host/two';
    if (machine.sh('test -e /host/two').exit !== 0) {
      await anotherVersion(join(machine.place, 'door', 'two'), '0.2.0');
    }
    await cut(['/usr/bin/airlock', 'upgrade', source], new RegExp(`[+=] ${step} `), how);
    await machine.until('systemctl is-active airlock airlock@lab', 'both instances');
    await machine.until('/usr/bin/airlock run ada', 'a run to go through');
    expect([before, to]).toContain(program());
    for (const name of [null, 'lab'])
      expect(host.airlock('verify', ...instance(name)).exit).toBe(0);
    const again = host.airlock('upgrade', source);
    expect(`${again.exit} ${again.stderr}`).toMatch(/^0 /);
    expect(program()).toBe(to);
    expect(machine.sh('test -e /usr/lib/airlock/upgrading').exit).not.toBe(0);
  },
);

it('uninstall, cut off midway, leaves the other alone; said again it takes all of its own', async () => {
  const { machine } = host;
  for (const [name, ...steps] of [
    ['lab', 'stop', 'disable'],
    [null, 'stop', 'remove', 'systemd'],
  ] as const) {
    const argv = ['/host/package/bin/airlock', 'uninstall', '--purge', ...instance(name)];
    for (const step of steps) {
      await cut(argv, new RegExp(`[+=] ${step} `), 'kill -9');
      if (name === 'lab') await machine.until('/usr/bin/airlock run ada');
    }
    const { exit, stderr } = machine.run(argv);
    expect(`${exit} ${stderr}`).toMatch(/^0 /);
  }
  const places = ['/usr/lib/airlock', '/usr/bin/airlock', '/var/lib/airlock*', '/etc/airlock'];
  const units = ['/etc/systemd/system/airlock*.service', '/usr/lib/systemd/system/airlock*'];
  const users = 'grep -E "^(al-|airlock)" /etc/passwd /etc/group';
  const left = `ls -d ${[...places, ...units].join(' ')}; ${users}`;
  expect(machine.sh(left).stdout).toBe('');
});
