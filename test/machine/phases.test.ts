import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Phase } from '../../supervisor/model/proposal.ts';
import { type InstalledHost, installedHost } from './support/host.ts';
import { mainPid } from './support/machine.ts';

/*
 * In each phase of a change what carries it goes: the supervisor by kill -9 or because it hangs, the
 * launcher by kill -9, the machine by its plug. The supervisor is stopped (SIGSTOP) in exactly that
 * phase first, so that the fault meets it there. It comes back by itself, and the change ends as if
 * nothing had been.
 */
const kill = (unit: string) => `systemctl kill --kill-who=main -s KILL ${unit}`;
const faults = {
  'kill -9 of the supervisor': async ({ machine }: InstalledHost) => {
    machine.must(kill('airlock'));
  },
  'kill -9 of the launcher': async ({ machine }: InstalledHost, pid: string) => {
    machine.must(`${kill('airlock-launcher')}; kill -CONT ${pid}`);
  },
  'a pulled plug': async ({ machine }: InstalledHost) => {
    await machine.pullPlug();
    await machine.boot();
    // Its target is less than a host's: what is enabled starts with this one.
    machine.must('systemctl start multi-user.target');
  },
  // Nobody wakes it: the watchdog does.
  'a hung loop': async () => undefined,
};
type Fault = keyof typeof faults;
const ways: readonly Phase[] = ['received', 'staging', 'gating', 'canary', 'promoting', 'baking'];

/** Each fault and each phase at least once; all of them by night. */
const few: readonly (readonly [Fault, Phase])[] = [
  ['kill -9 of the supervisor', 'staging'],
  ['kill -9 of the launcher', 'gating'],
  ['kill -9 of the launcher', 'canary'],
  ['a pulled plug', 'received'],
  ['a pulled plug', 'baking'],
  ['a hung loop', 'gating'],
];
const all = (Object.keys(faults) as Fault[]).flatMap((fault) =>
  ways.map((phase) => [fault, phase] as const),
);
const full: readonly Phase[] = process.env.AIRLOCK_PHASES === 'all' ? ways : ['received'];
const rounds = process.env.AIRLOCK_PHASES === 'all' ? all : few;

/** Its turn lasts as long as somebody holds it. */
const held = `import { existsSync, writeFileSync } from 'node:fs';
export async function turn({ model, workspace }) {
  await model();
  while (existsSync(workspace + '/hold')) await new Promise((resolve) => setTimeout(resolve, 50));
  writeFileSync(workspace + '/done.txt', 'done');
}
`;

let host: InstalledHost;
let number = 0;
beforeAll(async () => {
  host = await installedHost({ runtime: { 'app/turn.mjs': held } });
  const { machine } = host;
  machine.write('/srv/at-phase.mjs', readFileSync(here('support/at-phase.mjs'), 'utf8'));
  const quick = '[Service]\nWatchdogSec=5s\n';
  machine.write('/etc/systemd/system/airlock.service.d/quick.conf', quick);
  machine.must('systemctl daemon-reload; systemctl restart airlock');
});
afterAll(() => host?.[Symbol.asyncDispose]());
// More starts than a host has in five minutes.
beforeEach(() => void host.machine.must('systemctl reset-failed airlock airlock-launcher'));
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Drop a change, and stop the supervisor when it is in that phase. */
async function stoppedIn(phase: Phase, drop: string): Promise<{ pid: string; at: string }> {
  const { machine } = host;
  const pid = machine.mainPid('airlock');
  const node = '/usr/lib/airlock/current/node/bin/node';
  const watcher = machine.start([node, '/srv/at-phase.mjs', phase, drop, pid]);
  const lines = createInterface({ input: watcher.stdout as NodeJS.ReadableStream });
  await once(lines, 'line');
  host.drop('cleo', drop, { 'app/prompt.md': `${drop}\n` });
  const [at] = await once(lines, 'line');
  return { pid, at };
}

const proposals = (drop: string) =>
  host
    .json<{ drop: string; phase: Phase; release: string | null }[]>('proposals', '--limit', '1000')
    .filter((one) => one.drop === drop);

it.each(rounds)('%s while a change is in the phase %s', async (fault, phase) => {
  const { machine } = host;
  const before = host.current;
  const drop = `change-${++number}`;
  const { pid, at } = await stoppedIn(phase, drop);
  // On a busy machine a short phase may be over when the signal arrives.
  expect(ways.slice(ways.indexOf(phase))).toContain(at);
  await faults[fault](host, pid);
  // A launcher's death is not the supervisor's.
  const same = fault === 'kill -9 of the launcher' ? '=' : '!=';
  const other = `[ "$(${mainPid('airlock')})" ${same} ${pid} ]`;
  if (fault !== 'a pulled plug') await machine.until(other, 'who lives, and who does not');
  await host.ready();
  await machine.until('systemctl is-active airlock-launcher');
  await host.reaches(drop, 'stable');
  expect(proposals(drop)).toMatchObject([{ phase: 'stable', release: host.current }]);
  expect(host.current).not.toBe(before);
  expect(host.airlock('verify').exit).toBe(0);
  await machine.until('! pgrep -u al-ada,al-ben,al-cleo', 'every run to end');
});

it('a launcher that dies six times in a row takes no supervisor with it', async () => {
  const { machine } = host;
  const pid = machine.mainPid('airlock');
  for (let death = 0; death < 6; death++) {
    const launcher = machine.mainPid('airlock-launcher');
    machine.must(kill('airlock-launcher'));
    const another = `[ "$(${mainPid('airlock-launcher')})" != ${launcher} ]`;
    await machine.until(`${another} && systemctl is-active airlock-launcher`);
  }
  expect(machine.mainPid('airlock')).toBe(pid);
  expect(host.airlock('run', 'ada').exit).toBe(0);
});

it('a run in flight when the supervisor is killed: interrupted, gone, and run again once', async () => {
  const { machine } = host;
  const hold = '/var/lib/airlock/workspaces/ada/hold';
  const outcomes = () =>
    host.json<{ id: string; outcome: string }[]>('runs', '--agent', 'ada', '--limit', '3');
  const before = new Set(outcomes().map(({ id }) => id));
  const told = () => outcomes().filter(({ id }) => !before.has(id));
  machine.must(`touch ${hold}`);
  machine.start(['/usr/bin/airlock', 'run', 'ada']);
  await machine.until('pgrep -u al-ada node', 'the run');
  const pids = machine.must('pgrep -u al-ada').trim().split('\n');
  machine.must(kill('airlock'));
  await machine.until(`! kill -0 ${pids.join(' ')}`, 'all of the run to be gone');
  await host.ready();
  await machine.until('pgrep -u al-ada node', 'it to be run again');
  expect(told().map(({ outcome }) => outcome)).toEqual(['running', 'interrupted']);
  machine.must(`rm ${hold}`);
  await machine.until('! pgrep -u al-ada', 'its end');
  await machine.until('airlock runs --agent ada --limit 1 | grep -w ok');
  expect(told().map(({ outcome }) => outcome)).toEqual(['ok', 'interrupted']);
});

/** There is a request without an answer. */
const asksStill = `cd /var/lib/airlock/var/control && for file in $(ls); do case $file in
  *.answer.json) ;; *.json) [ -e "\${file%.json}.answer.json" ] || exit 0 ;; esac; done; exit 1`;

it.each<Fault>(['kill -9 of the supervisor', 'a pulled plug'])(
  '%s right after a rollback was asked for: it is done, or said again it is done',
  async (fault) => {
    const { machine } = host;
    const before = host.current;
    const pid = machine.mainPid('airlock');
    machine.must(`kill -STOP ${pid}`);
    const asked = machine.start(['/usr/bin/airlock', 'rollback', '--reason', 'a test']);
    const ended = once(asked, 'exit');
    await machine.until(asksStill, 'the request');
    await faults[fault](host, pid);
    const [exit] = await ended;
    await host.ready();
    // The power took the one who asked along with the answer.
    expect(exit === 0).toBe(fault !== 'a pulled plug');
    await machine.until(`! (${asksStill})`, 'the request to be heard');
    if (host.current === before) expect(host.airlock('rollback', '--reason', 'x').exit).toBe(0);
    expect(host.current).not.toBe(before);
    expect(host.airlock('verify').exit).toBe(0);
  },
);

it('a halt outlives a pulled plug', async () => {
  const { machine } = host;
  expect(host.airlock('halt', '--host', '--reason', 'a test').exit).toBe(0);
  await faults['a pulled plug'](host);
  await host.ready();
  const { halts } = host.json<{ halts: { scope: string }[] }>('status');
  expect(halts.map((one) => one.scope)).toEqual(['host']);
  expect(host.airlock('run', 'ada').exit).not.toBe(0);
  expect(host.airlock('resume', '--host').exit).toBe(0);
  await machine.until('/usr/bin/airlock run ada', 'a run to go through');
});

const root = '/var/lib/airlock';
const room = (size: string) => host.machine.must(`mount -o remount,size=${size} ${root}`);

/** Gives the host a file system of its own, whose size can be changed under it. */
function ownDisk(): void {
  const { machine } = host;
  if (machine.sh(`mountpoint -q ${root}`).exit === 0) return;
  machine.must('systemctl stop airlock airlock-launcher');
  machine.must('mkdir /root/disk && mount -t tmpfs -o size=1G,mode=755 tmpfs /root/disk');
  machine.must(`cp -a ${root}/. /root/disk/ && mount --bind /root/disk ${root}`);
  machine.must('systemctl start airlock-launcher airlock');
}

// What fails leaves the next one room.
afterEach(() => {
  if (host.machine.sh(`mountpoint -q ${root}`).exit === 0) room('1G');
});

it.each(full)(
  'a disk that fills in the phase %s: nothing is lost, and it goes on',
  async (phase) => {
    const { machine } = host;
    ownDisk();
    const before = host.current;
    const drop = `change-${++number}`;
    // What an earlier round said is none of this one's.
    const since = `--since @${machine.must('date +%s').trim()}`;
    const { pid } = await stoppedIn(phase, drop);
    // The reserve goes first, and then all that there is.
    machine.must(`rm -rf ${root}/var/reserve/*`);
    room(machine.must(`df --output=used -B1 ${root} | tail -1`).trim());
    machine.must(`kill -CONT ${pid}`);
    await machine.until(`journalctl -u airlock -o json ${since} | grep -E "ENOSPC|SQLITE_FULL"`);
    expect(host.airlock('halt', '--agent', 'ben', '--reason', 'full').exit).toBe(0);
    expect(host.airlock('doctor').stdout).toContain('the disk is full');
    // Whoever starts on a full disk waits: five starts that fail would be the last.
    machine.must(kill('airlock'));
    await machine.until(`journalctl -u airlock ${since} | grep "waited for room"`);
    expect(machine.must('systemctl show -p NRestarts --value airlock')).toBe('1\n');
    room('1G');
    await host.ready();
    expect(host.airlock('resume', '--agent', 'ben').exit).toBe(0);
    await host.reaches(drop, 'stable', 'refused');
    const refused = host.proposal(drop)?.phase === 'refused';
    // A gate that could not look judges nothing: its proposer is told why, and drops it again.
    if (refused) {
      expect(host.proposal(drop)?.reason).toMatchObject({
        code: 'gate-error',
        cause: expect.stringContaining('ENOSPC'),
        hint: expect.stringContaining('make room'),
      });
      host.drop('cleo', `${drop}-again`, { 'app/prompt.md': `${drop}\n` });
      await host.reaches(`${drop}-again`, 'stable');
    }
    expect(proposals(drop)).toHaveLength(1);
    expect(host.current).not.toBe(before);
    expect(host.airlock('verify').exit).toBe(0);
  },
);
