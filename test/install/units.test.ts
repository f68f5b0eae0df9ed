import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unitFiles } from '../../supervisor/install/units.ts';

const units = { ...unitFiles({ instance: null }), ...unitFiles({ instance: 'lab' }) };
const programs = [
  'usr/bin/chown',
  'usr/lib/airlock/current/bin/airlock',
  'usr/lib/airlock/previous/bin/airlock-fallback',
];

/** A root with systemd's own units and the programs where ours look for them. */
describe('the units', () => {
  let root = '';

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'airlock-unit-'));
    for (const program of programs) {
      mkdirSync(join(root, program, '..'), { recursive: true });
      writeFileSync(join(root, program), '#!/bin/sh\n');
      chmodSync(join(root, program), 0o755);
    }
    for (const folder of ['usr/lib/systemd/system', 'usr/bin', 'etc/systemd/system']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    cpSync('/lib/systemd/system', join(root, 'usr/lib/systemd/system'), { recursive: true });
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const write = (changed: Record<string, string> = {}) => {
    for (const [name, text] of Object.entries({ ...units, ...changed })) {
      writeFileSync(join(root, 'etc/systemd/system', name), text);
    }
  };
  const analyze = (...args: string[]) => {
    const result = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    return { exit: result.status, said: `${result.stdout}${result.stderr}` };
  };
  const verify = (name: string) => {
    const unit = name.replace('@.', '@lab.');
    return analyze('verify', '--recursive-errors=yes', '--man=no', `--root=${root}`, unit);
  };
  const aboutUs = (said: string) => said.split('\n').filter((line) => line.includes('airlock'));

  it.each(Object.keys(units))('%s has no fault that systemd-analyze verify would name', (name) => {
    write();
    const { exit, said } = verify(name);
    expect(aboutUs(said)).toEqual([]);
    expect(exit).toBe(0);
  });

  const main = units['airlock.service'] as string;
  it.each([
    ['a key that is none', main.replace('WatchdogSec=', 'WatchdogSeconds=')],
    ['a value that is none', main.replace('KillMode=mixed', 'KillMode=some')],
    ['a program that is not there', main.replace('bin/airlock ', 'bin/none ')],
  ])('would be caught with %s', (_what, changed) => {
    write({ 'airlock.service': changed });
    expect(aboutUs(verify('airlock.service').said)).not.toEqual([]);
  });

  it.each([
    ['airlock.service', 30],
    ['airlock@.service', 30],
    ['airlock-launcher.service', 30],
    ['airlock-launcher@.service', 30],
  ])('%s is exposed at most %i tenths', (name, tenths) => {
    write();
    const file = join(root, 'etc/systemd/system', name);
    const { exit, said } = analyze('security', '--offline=true', `--threshold=${tenths}`, file);
    expect(`${exit} ${said.trim().split('\n').at(-1)}`).toMatch(/^0 /);
  });

  it('the supervisor is of type notify with a watchdog, and a faulty policy is not restarted', () => {
    for (const line of [
      ...['Type=notify', 'WatchdogSec=60s', 'RestartPreventExitStatus=2', 'KillMode=mixed'],
      ...['User=airlock', 'OnFailure=airlock-fallback.service', 'LimitCORE=0'],
    ]) {
      expect(main).toContain(`\n${line}\n`);
    }
  });
});
