import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readyRoot } from '../../supervisor/host/root.ts';
import { layout } from '../../supervisor/model/layout.ts';

/** A sandbox that nobody supervises any more: nothing ends it but its own end. */
async function orphan(place: string) {
  mkdirSync(place, { recursive: true });
  const inside = ['--unshare-pid', '--bind', '/', '/', '--bind', place, '/mnt'];
  const child = spawn('bwrap', [...inside, 'sh', '-c', 'echo up; sleep 600']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('a start ends what a killed supervisor left running, and nothing of another ROOT', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-left-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [mine, others] = ['mine', 'others'].map((name) => layout(join(folder, name)));
  if (mine === undefined || others === undefined) throw new Error('two layouts');
  const left = await orphan(join(mine.runs, 'pAbCdEf'));
  const another = await orphan(join(others.runs, 'pUvWxYz'));
  const ended = once(left, 'exit');
  await readyRoot(mine);
  await ended;
  expect(existsSync(join(mine.runs, 'pAbCdEf'))).toBe(false);
  expect([another.exitCode, another.signalCode]).toEqual([null, null]);
  const also = once(another, 'exit');
  await readyRoot(others);
  await also;
});
