import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type PlaceQuestion, placeOf } from '../../supervisor/cli/place.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'airlock-place-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function checkout(): string {
  const path = folder();
  mkdirSync(join(path, 'supervisor'));
  mkdirSync(join(path, 'dist/cli'), { recursive: true });
  writeFileSync(join(path, 'supervisor/airlock.yaml'), '');
  return path;
}

const ask = (more: Partial<PlaceQuestion>) =>
  placeOf({
    ...{ root: undefined, policy: undefined, instance: undefined, environment: {} },
    ...{ cwd: '/here', program: '/opt' },
    ...more,
  });

it('a host install has its places', () => {
  const host = { root: '/var/lib/airlock', policyFile: '/etc/airlock/airlock.yaml' };
  expect(ask({ program: folder() })).toEqual({ ...host, checkout: null, instance: null });
});

it('a checkout is its own ROOT, wherever in it the program lies', () => {
  const here = checkout();
  const expected = {
    root: here,
    policyFile: `${here}/supervisor/airlock.yaml`,
    checkout: here,
    instance: null,
  };
  expect(ask({ program: join(here, 'dist') })).toEqual(expected);
  expect(ask({ program: join(here, 'dist/cli') })).toEqual(expected);
});

it.each([
  ['--root before all', { root: 'a', environment: { AIRLOCK_ROOT: '/b' } }, '/here/a'],
  ['$AIRLOCK_ROOT before the checkout', { environment: { AIRLOCK_ROOT: '/b' } }, '/b'],
  ['an empty $AIRLOCK_ROOT says nothing', { environment: { AIRLOCK_ROOT: '' } }, null],
])('%s', (_what, more, root) => {
  const here = checkout();
  expect(ask({ program: here, ...more }).root).toBe(root ?? here);
});

it('--policy before all, from where the command was called', () => {
  expect(ask({ program: checkout(), policy: 'x.yaml' }).policyFile).toBe('/here/x.yaml');
});

it.each([
  ['--instance', { instance: 'lab' }],
  ['$AIRLOCK_INSTANCE', { environment: { AIRLOCK_INSTANCE: 'lab' } }],
])('an instance has its own places: %s', (_how, more) => {
  const places = { root: '/var/lib/airlock-lab', policyFile: '/etc/airlock/lab.yaml' };
  expect(ask({ program: folder(), ...more })).toMatchObject({ ...places, instance: 'lab' });
  expect(ask({ program: checkout(), ...more })).toMatchObject({ ...places, instance: 'lab' });
});

it.each(['', 'Lab', 'a-b', '../x', 'a'.repeat(17)])('no instance is called "%s"', (instance) => {
  expect(() => ask({ program: folder(), instance })).toThrow('name of an instance');
});
