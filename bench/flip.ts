import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flip } from '../supervisor/host/files/links.ts';
import { layout } from '../supervisor/model/layout.ts';
import { median, report } from './measure.ts';

/*
 * A flip against the bare loop that it cannot do without: symlink, rename, fsync of the folder. Both
 * take turns on the same folder, so that a busy disk is busy for both. Goal: at most 1.5 times.
 */
const rounds = Number(process.argv[2] ?? 2000);
const root = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const place = layout(root);
mkdirSync(place.releases);
const ids = ['20260101T000000Z-aaaaaaaaaa', '20260101T000001Z-bbbbbbbbbb'] as const;

const bare: number[] = [];
const ours: number[] = [];
for (let at = 0; at < rounds; at++) {
  const [from, to] = at % 2 === 0 ? [ids[1], ids[0]] : [ids[0], ids[1]];
  bare.push(timed(() => bareFlip(to)));
  ours.push(timed(() => flip(place, from, to)));
}
rmSync(root, { recursive: true });
report('flip', 'µs', {
  'symlink + rename + fsync': median(bare) * 1000,
  airlock: median(ours) * 1000,
});

function bareFlip(to: string): void {
  symlinkSync(`releases/${to}`, `${root}/.next`);
  renameSync(`${root}/.next`, place.current);
  const fd = openSync(root, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
