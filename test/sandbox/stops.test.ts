import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { findPrograms } from '../../supervisor/host/process/programs.ts';
import { firstProcess } from '../../supervisor/host/sandbox/bridge.ts';
import { confine } from '../../supervisor/host/sandbox/confine.ts';
import { sharedIdentity } from '../../supervisor/host/sandbox/identity.ts';

const limits = { kept: 1000, flood: 1e6, wall: 20_000 };

/** `/usr` stands for a release, as in doctor's check. */
const sleeps = () => ({
  ...{ programs: findPrograms(), identity: sharedIdentity(), environment: {} },
  ...{ runtime: '/usr', runtimeWritable: false, deps: null, tools: null, workspace: null },
  ...{ inbox: null, receipts: null, gateway: null, command: ['sleep', '30'] },
});

test('a sandbox that is stopped at any moment of its start is gone at once', async () => {
  for (let moment = 0; moment < 30; moment++) {
    const confined = confine(sleeps(), limits);
    await wait(moment / 2);
    confined.stop('operator');
    const began = performance.now();
    expect(await confined.ended).toMatchObject({ exit: null, stoppedBy: 'operator' });
    // Not a measurement: it did not sleep on.
    expect(performance.now() - began).toBeLessThan(10_000);
  }
});

test('what begins when its supervisor is gone already does not begin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-stops-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const begun = join(folder, 'begun');
  const pipe = join(folder, 'progress');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDWR);
  const writer = openSync(pipe, constants.O_WRONLY);
  const [program = '', ...argv] = firstProcess('/bin/sh', null, ['touch', begun]);
  const start = () =>
    spawnSync(program, argv, { stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'ignore', writer] });
  expect([start().status, existsSync(begun)]).toEqual([0, true]);
  rmSync(begun);
  closeSync(reader);
  expect([start().status, existsSync(begun)]).toEqual([125, false]);
  closeSync(writer);
});
