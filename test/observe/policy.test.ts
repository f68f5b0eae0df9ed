import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLog } from '../../supervisor/host/log.ts';
import { openPolicy } from '../../supervisor/live.ts';
import { layout } from '../../supervisor/model/layout.ts';
import { policySource } from '../../supervisor/observe/policy.ts';
import { keepVersion, rememberInForce } from '../../supervisor/store/policies.ts';
import type { ReadPolicy } from '../../supervisor/store/policy.ts';
import { folder, reasonOfFailing } from '../store/support.ts';

const policy = (runs: number) => `
runtime: {source: .., include: [app], entry: [node]}
smoke: {suite: ../smoke}
canary: {runs: ${runs}}
models: {cheap: [{provider: rehearsal}]}
`;

/** A place with a policy file, and sources as a daemon opens them, one after another. */
function given(text: string) {
  const root = folder();
  const place = layout(root);
  mkdirSync(place.state, { recursive: true });
  const file = join(root, 'airlock.yaml');
  writeFileSync(file, text);
  let full = false;
  const keep = (read: ReadPolicy) => {
    if (full) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    keepVersion(place, read);
  };
  return {
    ...{ root, file, place },
    write: (one: string) => writeFileSync(file, one),
    disk: (state: 'full' | 'free') => {
      full = state === 'full';
    },
    open: () => policySource({ layout: place, file, keep, taken: () => undefined }),
  };
}

const runsIn = (found: { policy: { canary: { runs: number } } } | null | undefined) =>
  found?.policy.canary.runs;

test('a changed file is seen when asked, and is in force only when it is on record', () => {
  const { open, write, file } = given(policy(3));
  const source = open();
  const first = source.inForce(null).digest;
  write(policy(4));
  expect(runsIn(source.seen([]).policy)).toBe(3);
  source.refresh();
  expect(runsIn(source.seen([]).policy)).toBe(4);
  expect(runsIn(source.inForce(first))).toBe(3);
  const second = source.seen([]).policy?.digest as string;
  expect(runsIn(source.inForce(second))).toBe(4);
  expect(runsIn(source.inForce(first))).toBe(3);
  write(policy(0));
  source.refresh();
  expect(source.seen([])).toMatchObject({ policy: null, fault: { code: 'policy-invalid' } });
  expect(runsIn(source.inForce(second))).toBe(4);
  unlinkSync(file);
  source.refresh();
  expect(source.seen([]).fault).toMatchObject({ code: 'policy-missing' });
});

test('a start takes the version on record, whatever the file holds now', () => {
  const { open, write, place } = given(policy(3));
  const { digest } = open().inForce(null);
  write(policy(4));
  expect(runsIn(open().inForce(digest))).toBe(3);
  expect(runsIn(open().seen([]).policy)).toBe(4);
  expect([...open().seen([digest, 'f'.repeat(64)]).kept]).toEqual([digest]);
  writeFileSync(place.policyVersion(digest), policy(9));
  const source = open();
  // Its bytes are not those of its name: nobody knows what was in force.
  expect(runsIn(source.inForce(digest))).toBe(4);
  expect([...source.seen([digest]).kept]).toEqual([]);
});

test('a version on record that cannot be read is not replaced by what the file holds', () => {
  const { open, write, place, root } = given(policy(3));
  const { digest } = open().inForce(null);
  write(policy(4));
  const kept = place.policyVersion(digest);
  const source = open();
  chmodSync(root, 0o755);
  chmodSync(kept, 0);
  // Root reads whatever the mode says.
  const asRoot = process.geteuid?.() === 0;
  if (asRoot) process.seteuid?.(61_777);
  onTestFinished(() => {
    if (asRoot) process.seteuid?.(0);
  });
  const why = reasonOfFailing(() => source.inForce(digest));
  if (asRoot) process.seteuid?.(0);
  expect(why).toMatchObject({ code: 'host-failed', input: kept });
  expect(why.cause).toContain('EACCES');
  chmodSync(kept, 0o644);
  expect(runsIn(source.inForce(digest))).toBe(3);
});

test('a start that cannot read the journal takes the version in force last, and says so', async () => {
  const { open, place, file } = given(policy(3));
  const { digest } = open().inForce(null);
  rememberInForce(place, digest);
  // SQLite opens no folder, whoever asks.
  mkdirSync(place.journal);
  writeFileSync(file, policy(4));
  const lines: string[] = [];
  const log = openLog({ human: false, write: (line) => void lines.push(line) });
  const opened = await openPolicy({ policyFile: file }, place, log);
  expect(runsIn(opened.policy.inForce(null))).toBe(3);
  const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn');
  expect(warnings).toMatchObject([{ reason: { code: 'host-failed', input: place.journal } }]);
});

test('relative paths of a kept version start where the file is', () => {
  const { open, write, root } = given(policy(3));
  const { digest } = open().inForce(null);
  write(policy(4));
  expect(open().inForce(digest).folder).toBe(root);
});

test('a version that cannot be kept is not seen; it is once there is room', () => {
  const { open, write, disk, place } = given(policy(3));
  const source = open();
  disk('full');
  write(policy(4));
  source.refresh();
  expect(source.seen([])).toMatchObject({ policy: null, fault: { code: 'host-failed' } });
  disk('free');
  source.refresh();
  expect(runsIn(source.seen([]).policy)).toBe(4);
  expect(readdirSync(place.policies)).toHaveLength(2);
});

test('a full disk keeps no supervisor from starting with a policy that it knows', () => {
  const { open, disk } = given(policy(3));
  disk('full');
  expect(runsIn(open().inForce(null))).toBe(3);
});

test('a policy that is swapped behind a link is seen', () => {
  const { root, place } = given(policy(3));
  mkdirSync(join(root, 'a'));
  writeFileSync(join(root, 'a', 'policy.yaml'), policy(3));
  writeFileSync(join(root, 'b.yaml'), policy(5));
  const file = join(root, 'linked.yaml');
  symlinkSync('a/policy.yaml', file);
  const keep = (read: ReadPolicy) => keepVersion(place, read);
  const source = policySource({ layout: place, file, keep, taken: () => undefined });
  renameSync(join(root, 'b.yaml'), join(root, 'a', 'policy.yaml'));
  source.refresh();
  expect(runsIn(source.seen([]).policy)).toBe(5);
  expect(source.seen([]).policy?.folder).toBe(root);
});

test('without a valid policy nothing starts', () => {
  const { open, write, file } = given(policy(0).replace('models', 'modles'));
  const why = reasonOfFailing(() => open());
  expect(why.code).toBe('policy-invalid');
  expect(why.actual).toContain('canary.runs');
  expect(why.actual).toContain('modles');
  write('');
  unlinkSync(file);
  expect(reasonOfFailing(() => open()).code).toBe('policy-missing');
});
