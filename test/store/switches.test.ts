import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { userName } from '../../supervisor/host/sandbox/users.ts';
import {
  haltFor,
  readSwitches,
  removeSwitch,
  strangeSwitches,
  writeSwitch,
} from '../../supervisor/store/switches.ts';
import { emptyRoot, ended, folder, linesOf, nextLine, reasonOfFailing } from './support.ts';

const everything = { tenant: 'default', agent: 'maker', run: 'run-1', tool: 'send_message' };

test('each scope stops its own and no other', () => {
  const place = emptyRoot();
  expect(haltFor(place, everything)).toBe(null);
  const stops = (scope: Parameters<typeof writeSwitch>[1], target: string | null) => {
    writeSwitch(place, scope, target, 'because');
    const found = haltFor(place, everything);
    expect(removeSwitch(place, scope, target)).toBe(true);
    return found && [found.scope, found.target, found.reason];
  };
  expect(stops('host', null)).toEqual(['host', null, 'because']);
  expect(stops('tenant', 'default')).toEqual(['tenant', 'default', 'because']);
  expect(stops('agent', 'maker')).toEqual(['agent', 'maker', 'because']);
  expect(stops('run', 'run-1')).toEqual(['run', 'run-1', 'because']);
  expect(stops('tool', 'send_message')).toEqual(['tool', 'send_message', 'because']);
  expect(stops('agent', 'keeper')).toBe(null);
  expect(stops('lockdown', null)).toBe(null);
  expect(haltFor(place, everything)).toBe(null);
  expect(removeSwitch(place, 'host', null)).toBe(false);
});

test('a switch says who owns it, since when, and why', () => {
  const place = emptyRoot();
  writeSwitch(place, 'agent', 'maker', '  too expensive \n');
  const uid = process.getuid?.() ?? 0;
  const owner = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.split(':')[2] === String(uid));
  const { halts } = readSwitches(place);
  expect(halts).toMatchObject([{ scope: 'agent', target: 'maker', reason: 'too expensive' }]);
  expect(halts[0]?.by).toBe(owner?.split(':')[0] ?? `uid ${uid}`);
  expect(Math.abs(Date.parse(halts[0]?.at ?? '') - Date.now())).toBeLessThan(10_000);
});

test('an owner may have no name', () => {
  expect(userName(0)).toBe('root');
  expect(userName(54_321)).toBe('uid 54321');
});

const odd: [string, (file: string) => void][] = [
  ['empty', (file) => writeFileSync(file, '')],
  ['torn', (file) => writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00, 0xc3]))],
  ['huge', (file) => writeFileSync(file, Buffer.alloc(1024 * 1024, 'x'))],
  ['a folder', (file) => mkdirSync(file)],
  ['a link to nowhere', (file) => symlinkSync('nowhere', file)],
  ['a link to a file', (file) => symlinkSync('/etc/passwd', file)],
];

test.each(odd)('a switch that is %s still halts', (_, make) => {
  const place = emptyRoot();
  make(join(place.switches, 'agent.maker'));
  expect(haltFor(place, everything)).toMatchObject({ scope: 'agent', target: 'maker' });
  expect(readSwitches(place).halts).toHaveLength(1);
  expect(haltFor(place, everything)?.reason).not.toContain('root:');
});

test('a fifo as a switch halts, and nobody waits for it', async () => {
  const place = emptyRoot();
  const made = spawn('mkfifo', [join(place.switches, 'host')]);
  expect(await ended(made)).toBe(0);
  expect(haltFor(place, everything)).toMatchObject({ scope: 'host', reason: '(a fifo)' });
});

test('a folder that is gone, no folder, or closed to us halts everything', () => {
  const place = emptyRoot();
  rmSync(place.switches, { recursive: true });
  expect(readSwitches(place)).toMatchObject({ readable: false, cause: 'ENOENT' });
  expect(haltFor(place, { agent: 'maker' })).toMatchObject({ scope: 'host' });
  writeFileSync(place.switches, '');
  expect(readSwitches(place)).toMatchObject({ readable: false, cause: 'ENOTDIR' });
  expect(haltFor(place, { agent: 'maker' })).toMatchObject({ scope: 'host' });
  rmSync(place.switches);
  symlinkSync(place.control, place.switches);
  expect(haltFor(place, { agent: 'maker' })).toMatchObject({ scope: 'host' });
});

test('a name that cannot be a switch is an error to write, a halt to ask for', () => {
  const place = emptyRoot();
  const why = reasonOfFailing(() => writeSwitch(place, 'agent', '../host', 'x'));
  expect(why.code).toBe('usage');
  expect(haltFor(place, { agent: '../../etc/passwd' })).toMatchObject({ scope: 'host' });
  expect(reasonOfFailing(() => removeSwitch(place, 'host', 'extra')).code).toBe('usage');
});

test('names that are no switches halt nothing and are told', () => {
  const place = emptyRoot();
  for (const name of ['hots', 'agent.', 'README']) writeFileSync(join(place.switches, name), '');
  expect(readSwitches(place)).toEqual({ readable: true, halts: [] });
  expect(haltFor(place, everything)).toBe(null);
  expect(strangeSwitches(place).sort()).toEqual(['README', 'agent.', 'hots']);
});

test('switched on and off in between, it is read afresh', () => {
  const place = emptyRoot();
  writeSwitch(place, 'host', null, 'one');
  expect(haltFor(place, {})?.reason).toBe('one');
  writeSwitch(place, 'host', null, 'two');
  expect(haltFor(place, {})?.reason).toBe('two');
  renameSync(join(place.switches, 'host'), join(place.switches, 'agent.maker'));
  expect(haltFor(place, {})).toBe(null);
  expect(haltFor(place, { agent: 'maker' })?.reason).toBe('two');
});

test('a full disk: a halt is on without its reason, a commit fails whole, both recover', async () => {
  const disk = folder();
  chmodSync(disk, 0o755);
  const program = join(import.meta.dirname, '..', 'fixtures', 'store', 'on-full-disk.ts');
  const script = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" --import tsx "$3" "$1"';
  const argv = ['-rm', 'sh', '-c', script, 'sh', disk, process.execPath, program];
  const child = spawn('unshare', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const seen = JSON.parse(await nextLine(linesOf(child)));
  expect(seen).toMatchObject({ whole: false, size: 0, halted: 'agent', readable: true });
  expect(seen).toMatchObject({ commitCode: 'host-failed', resumed: true });
  expect(seen.counted.after).toBe(seen.counted.before + 1);
});

test('asking before an effect takes less than 50 microseconds', () => {
  const place = emptyRoot();
  for (let n = 0; n < 100; n++) writeSwitch(place, 'agent', `other-${n}`, 'because');
  const ask = () => haltFor(place, everything);
  for (let n = 0; n < 500; n++) ask();
  const times = Array.from({ length: 2000 }, () => {
    const before = performance.now();
    ask();
    return performance.now() - before;
  }).sort((a, b) => a - b);
  // The quicker half: a busy machine takes the thread away in the other.
  expect(times[500]).toBeLessThan(0.05);
});
