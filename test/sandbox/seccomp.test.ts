import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seccompProgram } from '../../supervisor/host/sandbox/seccomp.ts';
import { buildDriver, givenHost, removeDriver, supervisors } from './support/host.ts';

beforeAll(buildDriver);
afterAll(removeDriver);

/** Each asked of the kernel directly, by Python, and what it answers: an error's number. */
const calls: [what: string, call: string, answer: string][] = [
  ['a user namespace by unshare', 'call(272 if x64 else 97, 0x10000000)', 'EPERM'],
  ['a user namespace by clone', 'call(56 if x64 else 220, 0x10000011, 0, 0, 0, 0)', 'EPERM'],
  ['clone3, which nobody can look into', 'call(435, 0, 0)', 'ENOSYS'],
  ['ptrace of oneself', 'call(101 if x64 else 117, 0, 0, 0, 0)', 'EPERM'],
  ['the keyring', 'call(250 if x64 else 219, 0, -3, 0)', 'EPERM'],
  ['bpf', 'call(321 if x64 else 280, 0, 0, 0)', 'EPERM'],
  ['counters', 'call(298 if x64 else 241, 0, 0, -1, -1, 0)', 'EPERM'],
  ['userfaultfd', 'call(323 if x64 else 282, 1)', 'EPERM'],
  ['mount', 'call(165 if x64 else 40, 0, 0, 0, 0, 0)', 'EPERM'],
  ['another namespace', 'call(308 if x64 else 268, -1, 0)', 'EPERM'],
  ['the clock', 'call(227 if x64 else 112, 0, 0)', 'EPERM'],
  ['adjusting it', 'call(159 if x64 else 171, 0)', 'EPERM'],
  ['typing into a terminal', 'call(16 if x64 else 29, 0, 0x5412, 0)', 'EPERM'],
  ['calls with short pointers', 'call(0x40000000 + 39)', 'ENOSYS'],
  ['unshare of what is no namespace', 'call(272 if x64 else 97, 0x400)', 'allowed'],
];

const python = `import ctypes, errno, json, os
libc = ctypes.CDLL(None, use_errno=True)
x64 = os.uname().machine == 'x86_64'
def call(*what):
  result = libc.syscall(*[ctypes.c_long(one) for one in what])
  if result == 0 and what[0] in (56, 220): os._exit(0)
  return 'allowed' if result != -1 else errno.errorcode[ctypes.get_errno()]
print(json.dumps([${calls.map(([, call]) => call).join(', ')}]))`;

describe.each(supervisors)('a run, supervised by %s', (supervisor) => {
  test('is told no by the kernel for what no run needs', async () => {
    const { run } = await givenHost(supervisor).ask({ run: { entry: ['python3', '-c', python] } });
    expect(run?.ending).toMatchObject({ exit: 0, hostFault: null });
    const said = run?.trace.find((one) => one.what === 'output');
    const answers = JSON.parse((said as { text: string }).text);
    const got = calls.map(([what], at) => [what, answers[at]]);
    expect(got).toEqual(calls.map(([what, , answer]) => [what, answer]));
  });

  test('runs what agents run: threads, processes, git, python', async () => {
    const host = givenHost(supervisor);
    const script = [
      "node -e \"new (require('worker_threads').Worker)('process.exit(0)', {eval: true})\"",
      "node -e \"require('child_process').execFileSync('true')\"",
      'cd /workspace && git init -q . && git -c user.name=a -c user.email=b commit -qm x --allow-empty',
      'python3 -c \'import subprocess, threading; threading.Thread(target=print).start(); subprocess.run(["true"], check=True)\'',
      'unset NODE_OPTIONS; sort /etc/passwd >/dev/null; tar -cf /tmp/x.tar /etc/passwd 2>/dev/null',
    ];
    const { run } = await host.ask({ run: { entry: ['sh', '-ec', script.join('\n')] } });
    expect([run?.ending.exit, run?.ending.stderrTail]).toEqual([0, '']);
  });
});

test('the program is whole for each machine, and there is none for others', () => {
  for (const machine of ['x64', 'arm64']) {
    const program = seccompProgram(machine) as Buffer;
    expect(program.length % 8).toBe(0);
    // No jump leads beyond the end, and the end is an answer.
    const count = program.length / 8;
    for (let at = 0; at < count; at++) {
      const [yes = 0, no = 0] = program.subarray(at * 8 + 2, at * 8 + 4);
      expect(at + 1 + Math.max(yes, no)).toBeLessThanOrEqual(count - (yes + no > 0 ? 1 : 0));
    }
    expect(program.readUInt16LE((count - 1) * 8)).toBe(6);
  }
  expect(seccompProgram('mips')).toBe(null);
});
