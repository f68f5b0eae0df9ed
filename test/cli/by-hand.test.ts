import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { document } from './support/command.ts';
import { LiveHost } from './support/live.ts';

/** The lines of the README's section, as they stand there: ROOT and RELEASE are put in. */
function readmeLines(root: string, release: string): string[] {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const section = readme.split('## Break glass')[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((one) => one.startsWith('    '))
    .map((one) => one.trim().replaceAll('ROOT', root).replaceAll('RELEASE', release));
}

interface Seen {
  current: { id: string };
  halts: { scope: string }[];
  queue: unknown[];
  agents: { skipped: string | null }[];
}

it('the two lines of the README flip and halt under a living daemon', async () => {
  const host = new LiveHost();
  await host.start();
  const seen = async () => document<Seen>(await host.ask('status', '--json'));
  const first = (await seen()).current.id;
  const change = host.change('other', { 'app/prompt.md': 'Be brief.\n' });
  expect((await host.ask('propose', change, '--as', 'cleo', '--wait')).exit).toBe(0);
  const second = (await seen()).current.id;
  expect(second).not.toBe(first);
  const [flip = '', halt = '', ...more] = readmeLines(host.root, first);
  expect(more).toEqual([]);
  execFileSync('sh', ['-c', flip]);
  expect(readlinkSync(join(host.root, 'current'))).toBe(`releases/${first}`);
  const log = async () => (await host.ask('log', '--limit', '200')).stdout;
  await host.ask('run', 'ada');
  await expect.poll(log, { timeout: 20_000 }).toContain('current-moved');
  expect((await seen()).current.id).toBe(first);
  expect(host.said).toContain('current was moved by hand');
  // To one that may not be current: it goes back, and everybody is told why.
  expect((await host.ask('rollback')).exit).toBe(0);
  expect(readlinkSync(join(host.root, 'current'))).toBe(`releases/${second}`);
  execFileSync('sh', ['-c', flip]);
  await host.ask('run', 'ada');
  const why = `by unknown, from ${second}, back to ${second}: this release is barred`;
  await expect.poll(log, { timeout: 20_000 }).toContain(why);
  expect(host.said).toMatch(/this release is barred.*current was moved by hand/);
  const set = () => readlinkSync(join(host.root, 'current'));
  await expect.poll(set, { timeout: 20_000 }).toBe(`releases/${second}`);
  execFileSync('sh', ['-c', halt]);
  expect(existsSync(join(host.root, 'var/switches/host'))).toBe(true);
  expect((await seen()).halts).toMatchObject([{ scope: 'host' }]);
  const refused = await host.ask('run', 'ben');
  expect(refused.exit).toBe(3);
  expect(refused.stderr).toContain('host-halt');
  expect((await host.ask('resume', '--host')).exit).toBe(0);
  expect((await host.ask('run', 'ben')).exit).toBe(0);
  expect(await host.stop()).toBe(0);
}, 120_000);
