/** A real ROOT: releases that were really staged, a journal that was really written. */
import { mkdirSync, rmSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { removeTree } from '../../../supervisor/host/files/files.ts';
import { flip } from '../../../supervisor/host/files/links.ts';
import { readyRoot } from '../../../supervisor/host/root.ts';
import type { Layout } from '../../../supervisor/model/layout.ts';
import type { Release } from '../../../supervisor/model/release.ts';
import type { HostRecord, Put, State } from '../../../supervisor/model/state.ts';
import { openJournal } from '../../../supervisor/store/journal.ts';
import { openReader, type Reader } from '../../../supervisor/store/reader.ts';
import { clock, put, tick } from '../../fixtures/store/rows.ts';
import { Host, runtime } from '../../stage/support/host.ts';

export interface Root {
  layout: Layout;
  root: string;
  /** Oldest first; the last one is current. */
  releases: Release[];
  read<T>(look: (reader: Reader) => T): T;
  state(): State;
}

export interface Given {
  /** How many releases there are. */
  releases?: number;
  /** Which of them are stable; all if left out. */
  stable?: (index: number) => boolean;
  more?: (releases: Release[]) => Put[];
}

/** Releases 0..n-1, made one after another; `current` is the last. */
export async function givenRoot({ releases: count = 2, stable, more }: Given = {}): Promise<Root> {
  const host = new Host();
  onTestFinished(() => {
    removeTree(host.folder);
    rmSync(host.folder, { recursive: true, force: true });
  });
  const { layout } = host;
  await readyRoot(layout);
  const releases: Release[] = [];
  for (let index = 0; index < count; index++) {
    const files = { ...runtime, 'app/prompts/task.md': `release ${index}\n` };
    const { id, digest, createdAt, deps } = await host.first(files);
    const stableAt = (stable?.(index) ?? true) ? createdAt : null;
    if (deps !== null) mkdirSync(`${layout.deps}/${deps}`, { recursive: true });
    const parent = releases.at(-1)?.id ?? null;
    const none = { proposal: null, proposer: null, removedAt: null };
    releases.push({ id, digest, createdAt, deps, parent, stableAt, ...none });
  }
  const current = releases.at(-1)?.id ?? null;
  if (current !== null) flip(layout, current, null);
  writeRows(layout, [
    ...releases.map((one) => put('releases', one.id, one)),
    hostRow(current),
    ...(more?.(releases) ?? []),
  ]);
  const read = <T>(look: (reader: Reader) => T): T => {
    const reader = openReader(layout.journal);
    try {
      return look(reader);
    } finally {
      reader.close();
    }
  };
  return { layout, root: layout.root, releases, read, state: () => read((one) => one.state()) };
}

export function hostRow(current: string | null, more: Partial<HostRecord> = {}): Put {
  const blank = { lastTick: null, policy: null, switches: [], proofs: [], stillborn: null };
  return put('host', 'host', { current, currentSince: clock(), counter: 7, ...blank, ...more });
}

/** As the daemon writes them. */
export function writeRows(layout: Layout, puts: Put[]): void {
  const journal = openJournal(layout.journal, clock);
  journal.commit([tick()], puts);
  journal.close();
}
