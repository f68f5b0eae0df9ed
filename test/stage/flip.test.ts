import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { flip, readCurrent } from '../../supervisor/host/files/links.ts';
import { layout } from '../../supervisor/model/layout.ts';
import { Host, staged } from './support/host.ts';

let host: Host;
let a: string;
let b: string;

beforeEach(async () => {
  host = new Host();
  a = (await host.first()).id;
  host.overlay('b', { 'app/new.md': 'x' });
  b = staged(await host.stage(host.accept('b'), a)).manifest.id;
});
afterEach(() => host.remove());

const reader = join(import.meta.dirname, '..', 'fixtures', 'stage', 'reads-current.mjs');

test('in 10,000 flips no reader ever misses current, or sees half of it', async () => {
  const readers = [1, 2].map(() => {
    const child = spawn(process.execPath, [reader, host.layout.root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return { child, said: text(child.stdout), begun: once(child.stdout, 'data') };
  });
  await Promise.all(readers.map((one) => one.begun));
  for (let at = 0; at < 10_000; at++) {
    const to = at % 2 === 0 ? b : a;
    expect(flip(host.layout, to, at % 2 === 0 ? a : b)).toEqual({ done: true });
  }
  writeFileSync(join(host.layout.root, 'stop'), '');
  for (const { said } of readers) {
    const seen = JSON.parse((await said).replace('reading\n', ''));
    expect(seen.misses).toEqual([]);
    expect(seen.looks).toBeGreaterThan(100);
    expect(seen.releases.sort()).toEqual([a, b].sort());
  }
});

test('it is a relative link, alone in its folder', () => {
  flip(host.layout, b, a);
  expect(readlinkSync(host.layout.current)).toBe(`releases/${b}`);
  expect(readdirSync(host.layout.root).filter((name) => name.includes('current'))).toEqual([
    'current',
  ]);
});

test('it is not moved when it is not what it was expected to be', () => {
  expect(flip(host.layout, b, b)).toEqual({ done: false, actual: a });
  expect(readCurrent(host.layout)).toBe(a);
});

test('where there is none, that is said, and the first flip makes it', () => {
  const empty = layout(join(host.folder, 'empty'));
  mkdirSync(empty.root);
  expect(readCurrent(empty)).toBeNull();
  expect(flip(empty, 'r', 'other')).toEqual({ done: false, actual: null });
  expect(flip(empty, 'r', null)).toEqual({ done: true });
  expect(readCurrent(empty)).toBe('r');
});

test('what a killed process left of its flip is in nobody’s way', () => {
  symlinkSync('releases/half', join(host.layout.root, `.current-${process.pid}`));
  expect(flip(host.layout, b, a)).toEqual({ done: true });
  expect(readCurrent(host.layout)).toBe(b);
});

test('what is no link is neither read as one nor destroyed', () => {
  const odd = layout(join(host.folder, 'odd'));
  mkdirSync(join(odd.current, 'precious'), { recursive: true });
  expect(readCurrent(odd)).toBeNull();
  expect(() => flip(odd, 'r', null)).toThrow();
  expect(readdirSync(odd.root)).toEqual(['current']);
  expect(readdirSync(odd.current)).toEqual(['precious']);
});
