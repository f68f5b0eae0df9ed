import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Machine } from './machine.ts';
import { type Called, callsUnder, type Fault, fromTheStart, Hurting } from './strace.ts';

type Failing = Fault['error'];

/** Once while it starts, once while a change is on its way, or for a while then. */
type When = 'starting' | 'working' | 'lasting';

/** Calls that fail. */
export interface Case {
  when: When;
  kind: string;
  fault: Fault;
}

/** What the supervisor asks of its disk, and what the kernel may answer. */
const full: Failing[] = ['EIO', 'ENOSPC', 'EDQUOT'];
const errors: Record<string, Failing[]> = {
  ...{ fsync: full, fdatasync: full, write: full, pwrite64: full, writev: full, pwritev: full },
  ...{ rename: full, renameat: full, renameat2: full, link: full, linkat: full },
  ...{ symlink: full, symlinkat: full },
  openat: ['EMFILE', 'EIO'],
  'openat O_CREAT': ['EMFILE', 'EIO', 'ENOSPC', 'EDQUOT'],
  // What makes room or a place for those: with one error each, as nobody tells them apart.
  ...{ mkdir: ['ENOSPC'], copy_file_range: ['ENOSPC'] },
  ...{ unlink: ['EIO'], ftruncate: ['EIO'] },
};
const calls = Object.keys(errors)
  .filter((name) => !name.includes(' '))
  .join(',');

/**
 * Every call of a name, whatever it is about, until the fault ends. Not write(2): it wakes threads,
 * too, which never meets a disk.
 */
const lasting = Object.entries({
  ...{ 'fsync,fdatasync': full, pwrite64: full, rename: full, link: full, symlink: full },
  ...{ openat: ['EMFILE', 'EIO'] as const, mkdir: full, unlink: ['EIO'] as const },
}).flatMap(([names, failing]) =>
  failing.map((error): Case => {
    const fault = { calls: names, error, first: 1, count: 65_000 };
    return { when: 'lasting', kind: names, fault };
  }),
);

/** All faults of the sweep, as a life without faults shows them. */
export async function allCases(settled: Machine): Promise<Case[]> {
  const found = await recorded(settled);
  return [...once(found), ...lasting];
}

function once(found: Map<When, Called[]>): Case[] {
  return [...found].flatMap(([when, all]) =>
    all.flatMap(({ name, number, kind }) => {
      const [call = '', flag] = kind.split(' ');
      const known = errors[flag === 'O_CREAT' ? `${call} ${flag}` : call] ?? [];
      return known.map((error): Case => {
        return { when, kind, fault: { calls: name, error, first: number, count: 1 } };
      });
    }),
  );
}

/** The calls that touch ROOT in a life without faults, one of each kind. */
async function recorded(settled: Machine): Promise<Map<When, Called[]>> {
  const machine = new Machine(settled);
  const log = join(machine.folder, 'calls');
  try {
    machine.start({ by: fromTheStart(calls, null, log) });
    await machine.ready();
    await machine.quit();
    const starting = callsUnder(log, machine.layout.root);
    rmSync(log);
    machine.start();
    await machine.ready();
    const hurting = new Hurting(machine, calls, null, log);
    await hurting.holds(machine);
    machine.drop('first', { 'app/first.md': 'first' });
    expect(await machine.ends('first')).toMatchObject({ phase: 'stable' });
    await hurting.ends();
    const working = callsUnder(log, machine.layout.root);
    return new Map([
      ['starting', oneOfEach(starting)],
      ['working', oneOfEach(working)],
    ]);
  } finally {
    await machine.remove();
  }
}

/** The first, and of those that come often one from the middle. */
function oneOfEach(all: Called[]): Called[] {
  const kinds = new Map<string, Called[]>();
  for (const one of all) kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), one]);
  return [...kinds.values()].flatMap((same) => {
    const middle = same[Math.floor(same.length / 2)] as Called;
    return same.length > 10 ? [same[0] as Called, middle] : [same[0] as Called];
  });
}
