import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boot, type Machine } from './support/machine.ts';

/** The ground that the tests beside this one stand on: nothing here is about Airlock. */
describe('a machine', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await boot();
  });
  afterAll(() => machine[Symbol.asyncDispose]());

  const unit = (name: string, text: string) =>
    machine.write(`/etc/systemd/system/${name}.service`, `[Service]\n${text}\n`);
  const show = (name: string, property: string) =>
    machine.must(`systemctl show -p ${property} --value ${name}`).trim();

  it('has systemd as its first process, and its own name, processes and network', () => {
    expect(machine.must('cat /proc/1/comm').trim()).toBe('systemd');
    expect(machine.must('hostname').trim()).toBe('machine');
    expect(machine.must('ls /proc | grep -c "^[0-9]"').length).toBeLessThan(4);
    expect(machine.must('ls /sys/class/net').trim()).toBe('lo');
  });

  it('writes to its own disk alone', () => {
    machine.must('echo here >/usr/lib/of-the-machine; echo here >/root/of-the-machine');
    expect(existsSync('/usr/lib/of-the-machine')).toBe(false);
    expect(machine.must('ls -A /.before').trim()).toBe('');
  });

  it('tells how a command ended, and what it said', () => {
    expect(machine.sh('echo out; echo err >&2; exit 7')).toEqual({
      ...{ exit: 7, stdout: 'out\n', stderr: 'err\n' },
    });
  });

  it('enforces limits of memory and of processes', async () => {
    const eat = 'ExecStart=/usr/bin/python3 -c "x = bytearray(200 << 20)"';
    const eaters = existsSync('/usr/bin/python3')
      ? eat
      : `ExecStart=${process.execPath} -e "Buffer.alloc(200 << 20, 1)"`;
    unit('eater', `MemoryMax=50M\nMemorySwapMax=0\n${eaters}`);
    machine.must('systemctl daemon-reload; systemctl start --no-block eater');
    await machine.until('systemctl is-failed eater', 'the eater to end');
    expect(show('eater', 'Result')).toMatch(/oom-kill|signal/);
    unit(
      'forks',
      'TasksMax=3\nExecStart=/bin/sh -c "for i in 1 2 3 4 5; do sleep 60 & done; wait"',
    );
    machine.must('systemctl daemon-reload; systemctl start --no-block forks');
    await machine.until('systemctl is-failed forks', 'the forks to fail');
  });

  it('kills a service that does not feed its watchdog', async () => {
    unit(
      'silent',
      'Type=notify\nNotifyAccess=all\nWatchdogSec=300ms\nTimeoutAbortSec=1s\n' +
        'ExecStart=/bin/sh -c "systemd-notify --ready; exec sleep 600"',
    );
    machine.must('systemctl daemon-reload; systemctl start silent');
    await machine.until('systemctl is-failed silent', 'the watchdog to bite');
    expect(show('silent', 'Result')).toBe('watchdog');
  });

  it('keeps what journald was told', () => {
    machine.must('logger -t note --id=1 "a word"; systemd-run --wait -u said echo spoken');
    expect(machine.journal('said').some((line) => line.MESSAGE === 'spoken')).toBe(true);
  });
});

it('keeps its disk when it is powered off, and when its plug is pulled', async () => {
  await using machine = await boot();
  machine.must('echo one >/var/lib/one');
  await machine.powerOff();
  expect(machine.first()).toBeNull();
  await machine.boot();
  machine.must('echo two >/var/lib/two');
  await machine.pullPlug();
  await machine.boot();
  expect(machine.must('cat /var/lib/one /var/lib/two')).toBe('one\ntwo\n');
});

it('leaves nothing behind', async () => {
  const groups = () => readdirSync('/sys/fs/cgroup').length;
  const before = groups();
  const machine = await boot();
  const { place } = machine;
  await machine[Symbol.asyncDispose]();
  expect(existsSync(place)).toBe(false);
  expect(groups()).toBe(before);
});
