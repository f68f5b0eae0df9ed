import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundle, run } from './support/bundle.ts';
import { Host, runtime } from './support/host.ts';

let host: Host;
let base: string;
let program: string;

beforeEach(async () => {
  host = new Host();
  base = (await host.first({ ...runtime, 'app/large': Buffer.alloc(600_000, 'x') })).id;
  program = await bundle('seals-and-stages', host.folder);
  host.overlay('big', { 'app/large': Buffer.alloc(250_000, 'y') });
});
afterEach(() => host.remove());

const script = join(import.meta.dirname, '..', 'fixtures', 'stage', 'fills-disk.sh');

/** The drop's way to `current` on a file system of this size, in a namespace of its own. */
async function on(size: string) {
  const place = join(host.folder, `disk-${size}`);
  mkdirSync(place);
  const inner = [process.execPath, program, place, 'big', base, '0'];
  const args = ['-Urm', 'sh', script, host.layout.root, place, size, ...inner];
  const ended = await run('unshare', args);
  const [said, releases, staging, current] = ended.stdout.trim().split('\n');
  if (!said) throw new Error(ended.stderr);
  return { said: JSON.parse(said), releases, staging, current };
}

test('with room enough it gets there', async () => {
  const { said, releases, current } = await on('64m');
  expect(said.id, JSON.stringify(said)).toMatch(/^2026/);
  expect(releases).toBe('2');
  expect(current).toBe(`releases/${said.id}`);
});

test.each([
  ['sealed', '1100k', 'seal'],
  ['staged', '1400k', 'stage'],
])(
  'on a disk that is full when it is %s: a clear error, nothing half',
  async (_what, size, step) => {
    const { said, releases, staging, current } = await on(size);
    expect(said.reason).toMatchObject({ code: 'host-failed', message: 'The disk is full', step });
    expect(said.reason.cause).toMatch(/ENOSPC|git/);
    expect([releases, staging]).toEqual(['1', '0']);
    expect(current).toBe(`releases/${base}`);
  },
);
