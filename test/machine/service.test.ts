import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InstalledHost, installedHost } from './support/host.ts';

/** The services under their own directives, with what may happen to them. */
describe('the services', () => {
  let host: InstalledHost;
  beforeAll(async () => {
    host = await installedHost();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  const show = (property: string, unit = 'airlock') =>
    host.machine.must(`systemctl show -p ${property} --value ${unit}`).trim();
  /** Another process is the unit's main one, and both services are up. */
  const reborn = (unit: string, before: string, what: string) =>
    host.machine.until(
      `now=$(systemctl show -p MainPID --value ${unit}); [ $now != 0 ] && [ $now != ${before} ] && ` +
        'systemctl is-active -q airlock && systemctl is-active -q airlock-launcher',
      what,
    );
  /** No run starts before the audit of the start is through. */
  const works = () => host.machine.until('/usr/bin/airlock run ada', 'a run to go through');

  it('the launcher lives with what it is given, and lets nobody of its unit speak for it', async () => {
    expect(show('NotifyAccess', 'airlock-launcher')).toBe('main');
    expect(show('ActiveState', 'airlock-launcher')).toBe('active');
    const pid = show('MainPID', 'airlock-launcher');
    const bounding = host.machine.must(`grep CapBnd /proc/${pid}/status`).split('\t')[1] ?? '';
    // CAP_KILL is 5, CAP_SYS_PTRACE 19.
    expect(BigInt(`0x${bounding.trim()}`) & ((1n << 5n) | (1n << 19n))).toBe(0n);
    await works();
  });

  it('comes back from kill -9, of either service', async () => {
    for (const unit of ['airlock', 'airlock-launcher']) {
      const pid = show('MainPID', unit);
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
    const pid = show('MainPID');
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
    machine.must(
      `mv ${node}.gone ${node}; systemctl reset-failed airlock; systemctl start airlock`,
    );
    await works();
  });
});
