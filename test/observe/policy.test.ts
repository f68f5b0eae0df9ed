import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { policySource } from '../../supervisor/observe/policy.ts';
import { folder, reasonOfFailing } from '../store/support.ts';

const policy = (runs: number) => `
runtime: {source: .., include: [app], entry: [node]}
smoke: {suite: ../smoke}
canary: {runs: ${runs}}
models: {cheap: [{provider: rehearsal}]}
`;

test('a changed policy is taken when asked, a faulty one is told and left', () => {
  const file = join(folder(), 'airlock.yaml');
  writeFileSync(file, policy(3));
  const source = policySource(file);
  const runs = () => source.inForce().policy.canary.runs;
  expect([source.refresh(), runs()]).toEqual([false, 3]);
  writeFileSync(file, policy(4));
  expect(runs()).toBe(3);
  expect([source.refresh(), runs()]).toEqual([true, 4]);
  writeFileSync(file, policy(0));
  expect([source.refresh(), runs()]).toEqual([false, 4]);
  expect(source.faults()).toMatchObject([{ code: 'policy-invalid' }]);
  expect(source.refresh()).toBe(false);
  unlinkSync(file);
  expect([source.refresh(), runs()]).toEqual([false, 4]);
  expect(source.faults()).toMatchObject([{ code: 'policy-missing' }]);
  writeFileSync(file, policy(4));
  expect([source.refresh(), runs()]).toEqual([false, 4]);
  expect(source.faults()).toEqual([]);
});

test('a policy that is swapped behind a link is seen', () => {
  const place = folder();
  mkdirSync(join(place, 'a'));
  writeFileSync(join(place, 'a', 'policy.yaml'), policy(3));
  writeFileSync(join(place, 'b.yaml'), policy(5));
  symlinkSync('a/policy.yaml', join(place, 'airlock.yaml'));
  const source = policySource(join(place, 'airlock.yaml'));
  renameSync(join(place, 'b.yaml'), join(place, 'a', 'policy.yaml'));
  expect(source.refresh()).toBe(true);
  expect(source.inForce().policy.canary.runs).toBe(5);
  expect(source.inForce().folder).toBe(place);
});

test('without a valid policy nothing starts', () => {
  const file = join(folder(), 'airlock.yaml');
  expect(reasonOfFailing(() => policySource(file)).code).toBe('policy-missing');
  writeFileSync(file, policy(0).replace('models', 'modles'));
  const why = reasonOfFailing(() => policySource(file));
  expect(why.code).toBe('policy-invalid');
  expect(why.actual).toContain('canary.runs');
  expect(why.actual).toContain('modles');
});
