import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { flip } from '../../supervisor/host/files/links.ts';
import { keepReserve, releaseReserve, withRoom } from '../../supervisor/host/files/reserve.ts';
import { layout as layoutOf } from '../../supervisor/model/layout.ts';
import { openJournal } from '../../supervisor/store/journal.ts';
import { readOffers, writeOffers } from '../../supervisor/store/offers.ts';
import { writeSwitch } from '../../supervisor/store/switches.ts';

const MiB = 1024 ** 2;
const release = '20261121T000000Z-0123456789';

/** A ROOT on a disk of its own, with few blocks and few names. */
function givenDisk() {
  const root = mkdtempSync(join(tmpdir(), 'airlock-reserve-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,nr_inodes=300', 'tmpfs', root]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', root]);
    rmSync(root, { recursive: true });
  });
  const layout = layoutOf(root);
  for (const one of [layout.state, layout.switches, layout.release(release), layout.workspaces]) {
    mkdirSync(one, { recursive: true });
  }
  return layout;
}

/** What agents do: every block, or every name, until there is none left. */
function fillBlocks(folder: string): void {
  const fd = openSync(`${folder}/fat`, 'w');
  for (const size of [MiB, 4096]) while (fits(() => writeSync(fd, Buffer.alloc(size)) === size)) {}
  closeSync(fd);
}

function fillNames(folder: string): void {
  let at = 0;
  while (fits(() => closeSync(openSync(`${folder}/${at++}`, 'w')) === undefined)) {}
}

function fits(act: () => boolean): boolean {
  try {
    return act();
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    return false;
  }
}

const asRoot = describe.each(process.getuid?.() === 0 ? ['root'] : []);

asRoot('on a disk that agents filled, for %s,', () => {
  test.each([
    ['blocks', fillBlocks],
    ['names', fillNames],
  ])('with no %s left: a switch keeps its reason, current moves', async (_what, fill) => {
    const layout = givenDisk();
    expect(await keepReserve(layout, 4 * MiB)).toBe(true);
    fill(layout.workspaces);
    expect(writeSwitch(layout, 'host', null, 'it eats the disk')).toBe(true);
    expect(readFileSync(`${layout.switches}/host`, 'utf8')).toBe('it eats the disk\n');
    expect(flip(layout, release, null)).toEqual({ done: true });
  });

  test('current moves without a switch before it', async () => {
    const layout = givenDisk();
    await keepReserve(layout, 4 * MiB);
    fillNames(layout.workspaces);
    expect(flip(layout, release, null)).toEqual({ done: true });
  });

  test('the journal goes on', async () => {
    const layout = givenDisk();
    await keepReserve(layout, 4 * MiB);
    const journal = openJournal(layout.journal, Date.now);
    fillBlocks(layout.workspaces);
    const mark = { mark: 'stopped', why: 'x'.repeat(256 * 1024) } as const;
    withRoom(layout, () => journal.commit([{ at: 1, type: 'mark', mark }], []));
    journal.close();
  });

  test('the reserve is made again when there is room, and not before', async () => {
    const layout = givenDisk();
    await keepReserve(layout, 4 * MiB);
    fillBlocks(layout.workspaces);
    expect([releaseReserve(layout), releaseReserve(layout)]).toEqual([true, false]);
    expect(await keepReserve(layout, 4 * MiB)).toBe(false);
    rmSync(`${layout.workspaces}/fat`);
    expect(await keepReserve(layout, 4 * MiB)).toBe(true);
  });
});

test('what is no want of room is told at once', () => {
  const layout = layoutOf('/nowhere');
  const broken = () => {
    throw new Error('EIO');
  };
  expect(() => withRoom(layout, broken)).toThrow('EIO');
});

test('what a host offers is read as it was found', () => {
  const root = mkdtempSync(join(tmpdir(), 'airlock-offers-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const layout = layoutOf(root);
  mkdirSync(layout.state, { recursive: true });
  expect(readOffers(layout)).toBe(null);
  const offers = { cgroups: 'hybrid' as const, groups: true, abilities: ['memory' as const] };
  writeOffers(layout, offers);
  expect(readOffers(layout)).toEqual(offers);
});
