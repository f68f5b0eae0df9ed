import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostPolicy, type InstalledHost, installedHost } from './support/host.ts';
import { mainPid } from './support/machine.ts';

/** The services under their own directives, with what may happen to them. */
describe('the services', () => {
  let host: InstalledHost;
  beforeAll(async () => {
    host = await installedHost();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  const show = (property: string, unit = 'airlock') =>
    host.machine.must(`systemctl show -p ${property} --value ${unit}`).trim();
  const bounding = (pid: string) =>
    BigInt(`0x${host.machine.must(`grep CapBnd /proc/${pid}/status | cut -f2`).trim()}`);
  /** Another process is the unit's main one, and both services are up. */
  const reborn = (unit: string, before: string, what: string) =>
    host.machine.until(
      `now=$(${mainPid(unit)}); [ $now != 0 ] && [ $now != ${before} ] && ` +
        'systemctl is-active -q airlock && systemctl is-active -q airlock-launcher',
      what,
    );
  /** No run starts before the audit of the start is through. */
  const works = () => host.machine.until('/usr/bin/airlock run ada', 'a run to go through');

  it('the launcher lives with what it is given, and lets nobody of its unit speak for it', async () => {
    expect(show('NotifyAccess', 'airlock-launcher')).toBe('main');
    expect(show('ActiveState', 'airlock-launcher')).toBe('active');
    const pid = host.machine.mainPid('airlock-launcher');
    // CAP_KILL is 5, CAP_SYS_PTRACE 19.
    expect(bounding(pid) & ((1n << 5n) | (1n << 19n))).toBe(0n);
    await works();
  });

  it.each(['airlock', 'airlock-launcher'])('%s is exposed at most 3.0, as it runs', (unit) => {
    const said = host.machine.sh(`systemd-analyze security --no-pager --threshold=30 ${unit}`);
    expect(`${said.exit} ${said.stdout.trim().split('\n').at(-1)}`).toMatch(/^0 /);
  });

  it('the launcher may give nothing away; its socket is the supervisor’s alone', () => {
    const pid = host.machine.mainPid('airlock-launcher');
    expect(bounding(pid) & 1n).toBe(0n);
    const socket = host.machine.must('stat -c "%a %U %G" /run/airlock/launcher.sock');
    expect(socket.trim()).toBe('600 airlock airlock');
  });

  it('comes back from kill -9, of either service', async () => {
    for (const unit of ['airlock', 'airlock-launcher']) {
      const pid = host.machine.mainPid(unit);
      host.machine.must(`kill -9 ${pid}`);
      await reborn(unit, pid, `${unit} to come back`);
      await works();
    }
  });

  it('a loop that hangs is found by the watchdog, killed and started again', async () => {
    const { machine } = host;
    const folder = '/etc/systemd/system/airlock.service.d';
    machine.write(`${folder}/quick.conf`, '[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\n');
    machine.must('systemctl daemon-reload; systemctl restart airlock');
    const pid = machine.mainPid('airlock');
    const old = '$(systemctl show -p ActiveEnterTimestampMonotonic --value airlock) + 5000000';
    await machine.until(`[ $(cut -d. -f1 /proc/uptime)000000 -gt $((${old})) ]`, 'five seconds');
    expect([show('MainPID'), show('NRestarts')]).toEqual([pid, '0']);
    // Its next commit does not come back: as a disk that hangs.
    const slow = '-e trace=fdatasync,fsync -e inject=fdatasync,fsync:delay_enter=600000000';
    machine.must(`systemd-run -u tracer strace -o /dev/null -p ${pid} ${slow}`);
    await machine.until('journalctl -u airlock | grep -q "Watchdog timeout"', 'the watchdog');
    // What is traced dies only when it is let go.
    machine.must('systemctl kill -s KILL tracer');
    await reborn('airlock', pid, 'a new start');
    machine.must(`rm -r ${folder}; systemctl daemon-reload; systemctl restart airlock`);
    await works();
  });

  it.each([
    ['hangs', (pid: string) => `kill -STOP ${pid}`],
    ['is deaf at its door', () => 'rm /run/airlock/launcher.sock'],
  ])('a launcher that %s is found by its watchdog, and started again', async (_what, harm) => {
    const { machine } = host;
    const folder = '/etc/systemd/system/airlock-launcher.service.d';
    expect(show('WatchdogUSec', 'airlock-launcher')).toBe('30s');
    machine.write(`${folder}/quick.conf`, '[Service]\nWatchdogSec=3s\n');
    machine.must('systemctl daemon-reload; systemctl restart airlock-launcher airlock');
    const unit = 'airlock-launcher';
    const pid = host.machine.mainPid(unit);
    const [second = 0] = machine.must('cut -d. -f1 /proc/uptime').split('\n').map(Number);
    await machine.until(`[ $(cut -d. -f1 /proc/uptime) -gt ${second + 6} ]`, 'six seconds');
    expect([show('MainPID', unit), show('NRestarts', unit)]).toEqual([pid, '0']);
    machine.must(harm(pid));
    await reborn(unit, pid, 'a launcher that answers');
    expect(machine.must(`journalctl -b -u ${unit} -o cat`)).toContain('Watchdog timeout');
    await works();
    machine.must(`rm -r ${folder}; systemctl daemon-reload; systemctl restart ${unit} airlock`);
  });

  it('a faulty policy ends it with 2, and is not tried again', async () => {
    const { machine } = host;
    machine.must('cp /etc/airlock/airlock.yaml /root/good.yaml');
    machine.must("sed -i 's/^bake:.*/bake: {for: nonsense}/' /etc/airlock/airlock.yaml");
    expect(machine.sh('systemctl restart airlock').exit).not.toBe(0);
    await machine.until('systemctl is-failed airlock');
    expect([show('ExecMainStatus'), show('NRestarts'), show('Result')]).toEqual([
      ...['2', '0', 'exit-code'],
    ]);
    machine.must('cp /root/good.yaml /etc/airlock/airlock.yaml; systemctl reset-failed airlock');
    machine.must('systemctl start airlock');
    await works();
  });

  it('five failed starts are enough', async () => {
    const { machine } = host;
    const node = '/usr/lib/airlock/current/node/bin/node';
    machine.must('systemctl stop airlock; systemctl reset-failed airlock');
    machine.must(`mv ${node} ${node}.gone; systemctl start --no-block airlock`);
    await machine.until('systemctl is-failed airlock', 'it to be given up');
    expect(show('NRestarts')).toBe('5');
    const said = machine.journal('airlock').map((line) => line.MESSAGE ?? '');
    expect(said.filter((line) => /repeated too quickly/i.test(line))).not.toEqual([]);
    machine.must(`mv ${node}.gone ${node}`);
    // What status says to do is done as it stands there.
    const { needs } = host.json<{ needs: { verb: string }[] }>('status');
    const verbs = needs.map((one) => one.verb);
    const again = 'systemctl reset-failed airlock; systemctl start airlock';
    expect(verbs).toContain(again);
    machine.must(again);
    await works();
  });
});

/** Two of them on one host: each has agents, users, a launcher and a door of its own. */
describe('an instance beside the one without a name', () => {
  let host: InstalledHost;
  const lab = { root: '/var/lib/airlock-lab', socket: '/run/airlock-lab/launcher.sock' };
  const main = { root: '/var/lib/airlock', socket: '/run/airlock/launcher.sock' };

  beforeAll(async () => {
    host = await installedHost();
    host.machine.write('/etc/airlock/lab.yaml', hostPolicy());
    const install = '/usr/bin/airlock install --instance lab';
    expect(host.machine.must(install, { within: 180_000 })).toContain(
      'Next: `airlock status --instance lab`.',
    );
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  /** The last word of a launcher about a job that is said as its supervisor says it. */
  const asks = (socket: string, job: unknown): { event: string; reason?: { message: string } } => {
    const talk = `const s = require('net').connect('${socket}'); s.pipe(process.stdout);
      s.write(require('fs').readFileSync(0, 'utf8') + '\\n')`;
    const said = host.machine.run(['/srv/node', '-e', talk], { input: JSON.stringify(job) });
    return JSON.parse(said.stdout.trim().split('\n').at(-1) ?? '');
  };
  const uid = (name: string) => Number(host.machine.must(`id -u ${name}`));
  const run = (root: string, user: string) => ({
    ...{ job: 'run', user: { uid: uid(user), gid: uid(user) }, runtimeWritable: false },
    ...{ runtime: host.machine.must(`realpath ${root}/current`).trim(), deps: null, tools: null },
    ...{ workspace: null, inbox: null, receipts: null, gateway: null, environment: {} },
    ...{ command: ['true'], limits: { kept: 1000, flood: 1000, wall: 10_000, bounds: null } },
  });

  it('runs, under the same bounds', () => {
    for (const unit of ['airlock@lab', 'airlock-launcher@lab']) {
      expect(host.machine.must(`systemctl is-active ${unit}`).trim()).toBe('active');
      const said = host.machine.sh(`systemd-analyze security --no-pager --threshold=30 ${unit}`);
      expect(`${said.exit} ${said.stdout.trim().split('\n').at(-1)}`).toMatch(/^0 /);
    }
    const socket = host.machine.must(`stat -c '%a %U %G' ${lab.socket}`).trim();
    expect(socket).toBe('600 airlock airlock');
    expect(host.airlock('run', 'ada', '--instance', 'lab')).toMatchObject({ exit: 0 });
  });

  it('each launcher starts runs as agents of its own instance, and as nobody else', () => {
    host.machine.must('useradd --system --user-group al-lab-own');
    const refused = expect.objectContaining({ event: 'refused' });
    const ended = expect.objectContaining({ event: 'ended' });
    expect([
      asks(main.socket, run(main.root, 'al-ada')),
      asks(lab.socket, run(lab.root, 'al-lab-ada')),
      asks(main.socket, run(main.root, 'al-lab-ada')),
      asks(lab.socket, run(lab.root, 'al-ada')),
      // Called like one of its own, and made by somebody else.
      asks(lab.socket, run(lab.root, 'al-lab-own')),
    ]).toEqual([ended, ended, refused, refused, refused]);
  });

  it('each launcher makes users for agents of its own instance alone', () => {
    const users = () => host.machine.must('cut -d: -f1 /etc/passwd');
    const before = users();
    expect(asks(main.socket, { job: 'user', owner: 'lab.dora' })).toMatchObject({
      ...{ event: 'refused', reason: { code: 'launcher-refused' } },
    });
    expect(asks(lab.socket, { job: 'user', owner: 'dora' })).toMatchObject({ event: 'refused' });
    expect(users()).toBe(before);
    expect(asks(lab.socket, { job: 'user', owner: 'lab.dora' })).toMatchObject({ event: 'done' });
    expect(users()).toContain('al-lab-dora');
  });

  it('leaves nothing of its own behind, and the other one whole', async () => {
    const { machine } = host;
    machine.must('/usr/bin/airlock uninstall --instance lab --purge');
    expect(machine.sh(`ls -d ${lab.root} /run/airlock-lab`).exit).not.toBe(0);
    const left = machine.must('cut -d: -f1 /etc/passwd').split('\n');
    expect(left.filter((name) => name.startsWith('al-'))).toEqual([
      ...['al-ada', 'al-ben', 'al-cleo', 'al-lab-own'],
    ]);
    expect(host.airlock('run', 'ada').exit).toBe(0);
  });
});
