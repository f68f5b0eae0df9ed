import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const unit = fileURLToPath(new URL('../../supervisor/airlock.service', import.meta.url));
const program = 'usr/lib/airlock/current/bin/airlock';

/** A root with systemd's own units and the program where the unit looks for it. */
describe('the service file', () => {
  let root = '';

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'airlock-unit-'));
    mkdirSync(join(root, program, '..'), { recursive: true });
    writeFileSync(join(root, program), '#!/bin/sh\n');
    chmodSync(join(root, program), 0o755);
    for (const folder of ['usr/lib/systemd/system', 'usr/bin', 'etc/systemd/system']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    const system = '/lib/systemd/system';
    cpSync(system, join(root, 'usr/lib/systemd/system'), { recursive: true });
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const verify = (text: (unit: string) => string) => {
    const place = join(root, 'etc/systemd/system/airlock.service');
    cpSync(unit, place);
    writeFileSync(place, text(execFileSync('cat', [unit], { encoding: 'utf8' })));
    const args = ['verify', '--recursive-errors=yes', '--man=no', `--root=${root}`];
    const result = spawnSync('systemd-analyze', [...args, 'airlock.service'], { encoding: 'utf8' });
    return { exit: result.status, said: `${result.stdout}${result.stderr}` };
  };
  const aboutUs = (said: string) => said.split('\n').filter((line) => line.includes('airlock'));

  it('has no fault that systemd-analyze verify would name', () => {
    const { exit, said } = verify((text) => text);
    expect(aboutUs(said)).toEqual([]);
    expect(exit).toBe(0);
  });

  it.each([
    ['a key that is none', (text: string) => text.replace('WatchdogSec=', 'WatchdogSeconds=')],
    ['a value that is none', (text: string) => text.replace('KillMode=mixed', 'KillMode=some')],
    ['a program that is not there', (text: string) => text.replace('bin/airlock ', 'bin/none ')],
  ])('would be caught with %s', (_what, change) => {
    expect(aboutUs(verify(change).said)).not.toEqual([]);
  });

  it('is exposed no more than written in the decision', () => {
    const args = ['security', '--offline=true', '--threshold=55', unit];
    const result = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    expect(`${result.status} ${result.stdout.split('\n').at(-2)}`).toMatch(/^0 /);
  });

  it('is of type notify with a watchdog, and does not restart on a faulty policy', () => {
    const text = execFileSync('cat', [unit], { encoding: 'utf8' });
    const lines = [
      'Type=notify',
      'WatchdogSec=60s',
      'RestartPreventExitStatus=2',
      'KillMode=mixed',
    ];
    for (const line of lines) expect(text).toContain(`\n${line}\n`);
  });
});
