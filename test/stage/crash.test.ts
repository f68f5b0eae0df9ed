import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyRelease } from '../../supervisor/act/stage/verify.ts';
import { readCurrent } from '../../supervisor/host/files/links.ts';
import { layout } from '../../supervisor/model/layout.ts';
import { journey } from '../fixtures/stage/journey.ts';
import { bundle, type Ended, run } from './support/bundle.ts';
import { Host } from './support/host.ts';

/*
 * The way of a drop to `current` is cut off by SIGKILL before each of its changes of the disk, in a
 * process of its own, and gone again. Whatever the moment: nothing is half there, and the second
 * attempt ends as if there had been no first.
 */

let host: Host;
let base: string;
let program: string;

beforeEach(async () => {
  host = new Host();
  base = (await host.first()).id;
  program = await bundle('seals-and-stages', host.folder);
});
afterEach(() => host.remove());

const drops: Record<string, () => void> = {
  overlay: () => host.overlay('change', { 'app/new.md': 'new\n', 'app/prompts/task.md': 'x\n' }),
  'change.patch': () => {
    host.patch('change.patch', base, (at) =>
      cpSync(join(at, 'app/tools'), join(at, 'app/more'), { recursive: true }),
    );
  },
};

/** How many of the moments are tried; the rest lie between two of these. */
const most = 10;

test.each(['change', 'change.patch'])(
  '%s survives a crash at any change of the disk',
  async (drop) => {
    drops[drop === 'change' ? 'overlay' : drop]?.();
    const start = join(host.folder, 'start');
    copyWhole(host.layout.root, start);
    const whole = await attempt('whole', drop, 0);
    const { id, changes } = JSON.parse(whole.stdout) as { id: string; changes: number };
    expect(changes).toBeGreaterThan(30);

    const step = Math.max(1, Math.floor(changes / most));
    const moments = Array.from({ length: changes }, (_, at) => at + 1);
    const tried = moments.filter((n) => n % step === 0 || n > changes - 5);
    for (let at = 0; at < tried.length; at += 2) {
      await Promise.all(tried.slice(at, at + 2).map((n) => crashAndGoOn(`${n}`, drop, n, id)));
    }
  },
);

/** With every mode: Node 24's `cpSync` does not keep those of folders. */
function copyWhole(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}

async function attempt(name: string, drop: string, n: number): Promise<Ended> {
  const root = join(host.folder, `root-${drop}-${name}`);
  copyWhole(join(host.folder, 'start'), root);
  return run(process.execPath, [program, root, drop, base, `${n}`]);
}

async function crashAndGoOn(name: string, drop: string, n: number, id: string): Promise<void> {
  const crashed = await attempt(name, drop, n);
  expect(crashed.signal, `change ${n} was reached`).toBe('SIGKILL');
  const place = layout(join(host.folder, `root-${drop}-${name}`));

  for (const release of readdirSync(place.releases)) {
    const faults = verifyRelease(place, release).map((one) => `${one.message}: ${one.input}`);
    const open = [`Its folder can be written: ${release}`];
    expect(faults.length === 0 ? open : faults, `${release} at ${n}`).toEqual(open);
  }
  expect([base, id]).toContain(readCurrent(place));

  const again = await journey(place.root, drop, base);
  expect(again, `after a crash at ${n}`).toEqual({ id });
  expect(readCurrent(place)).toBe(id);
  expect(verifyRelease(place, id)).toEqual([]);
  expect(readdirSync(place.staging)).toEqual([]);
  expect(readdirSync(place.inbox('maker'))).toEqual([]);
  expect(readFileSync(`${place.sealed('p1')}/seal.json`, 'utf8')).toContain('"sealed"');
}
