/** A journal made anew from what else is on the disk (docs/decisions/21). */
import { kindOf } from '../../host/files/files.ts';
import { readCurrent } from '../../host/files/links.ts';
import type { Deployment } from '../../model/deployment.ts';
import type { Layout } from '../../model/layout.ts';
import type { Change, Proposal } from '../../model/proposal.ts';
import type { FileEntry } from '../../model/release.ts';
import type { HostRecord, Put, Table, Tables } from '../../model/state.ts';
import { rememberedPolicy } from '../policies.ts';
import { type Remembered, remembered } from '../remembered.ts';
import { readRuntimeConfig } from '../runtime-config.ts';
import { type Found, lookAround } from './found.ts';
import { judgeProposals } from './proposals.ts';
import { judgeReleases } from './releases.ts';
import { spentToday } from './spend.ts';

export interface Rebuilt {
  puts: Put[];
  /** What nobody knows any more, one thing each: for people. */
  lost: string[];
  /** As `JournalNews.unknownSpend`. */
  unknownSpend: string[] | null;
}

export function rebuild(layout: Layout, now: number): Rebuilt {
  const found = lookAround(layout);
  const memory = remembered(layout);
  const link = readCurrent(layout);
  const linked = link !== null && found.releases.has(link) ? link : null;
  const { releases, bad, lost } = judgeReleases(found, linked, memory);
  const barred = new Set(bad.map((one) => one.digest));
  const stable = releases.filter((one) => one.stableAt !== null && !barred.has(one.digest));
  const current = linked ?? stable.at(-1)?.id ?? null;
  const rows = judgeProposals({ layout, found, current, now });
  const spent = spentToday(layout, current, now);
  const moved = current === link ? [] : [`current: the link was ${link}; it is ${current} now`];
  return {
    puts: [
      ...releases.map((row) => put('releases', row.id, row)),
      ...bad.map((row) => put('bad', row.digest, row)),
      ...rows.proposals.map(({ row, open }) => put('proposals', row.id, row, open)),
      ...rows.proposals
        .filter(({ tell }) => tell)
        .map(({ row }) => put('receipts', row.id, { id: row.id, agent: row.proposer })),
      ...spent.runs.map((row) => put('runs', row.id, row, false)),
      ...bakeOf({ layout, found, now, proposal: rows.baking }),
      put('host', 'host', { ...hostRow(current, now), ...policiesOf(layout, memory) }),
    ],
    // Whoever reads one line of it reads what endangers most.
    lost: [
      ...(memory === null ? [bars] : []),
      ...[...lost, ...moved, ...spent.lost, ...found.unreadable, ...rows.lost],
      ...(memory === null ? [versions] : []),
      ...always,
    ],
    unknownSpend: spent.unknown,
  };
}

/** Without what is remembered beside the journal nobody knows of these. */
const bars =
  'bad marks that an operator set on a release that had been stable, or took away again: ' +
  'bar it again with `airlock rollback` before a proposal brings it back';
const versions = 'versions of the policy before the one in force';

/** What stands in the journal alone. */
const always = [
  'runs of before: their outcomes, durations and costs; their traces are kept. What was spent ' +
    'today is taken from those: the last seconds before a power cut may be missing in them',
  'answers to requests, approvals that were given, who is made to wait for failed proposals, and ' +
    'which version of the policy was declined',
];

/** It is current already: it is watched from the beginning, as if it were flipped now. */
function bakeOf(around: {
  layout: Layout;
  found: Found;
  now: number;
  proposal: Proposal | null;
}): Put[] {
  const { layout, found, now, proposal } = around;
  const manifest = found.releases.get(proposal?.release ?? '');
  if (proposal === null || manifest === undefined) return [];
  const { id, digest, parent, deps } = manifest;
  const before = parent === null ? undefined : found.releases.get(parent);
  const agents = (release: string | null) =>
    release === null ? null : readRuntimeConfig(layout, release).agents;
  const candidate = {
    ...{ release: id, digest, deps, depsReady: true, depsChanged: deps !== before?.deps },
    ...{ before: before === undefined ? null : agents(before.id), after: agents(id) },
    ...{ changes: changes(before?.files ?? [], manifest.files), configFaults: [] },
  };
  const bake = { startedAt: now, runs: [], suspects: [], confirm: null, firstEvidence: null };
  const slot: Deployment = {
    ...{ proposal: proposal.id, phase: 'baking', since: now, onto: parent, candidate },
    ...{ gates: proposal.gates, canary: null, bake },
  };
  return [put('deployment', 'deployment', slot), put('proposals', proposal.id, proposal)];
}

function changes(before: readonly FileEntry[], after: readonly FileEntry[]): Change[] {
  const old = new Map(before.map((one) => [one.path, one]));
  const now = new Map(after.map((one) => [one.path, one]));
  const same = (a: FileEntry, b: FileEntry) => a.sha256 === b.sha256 && a.mode === b.mode;
  const removed = before.filter((one) => !now.has(one.path));
  return [
    ...after.flatMap((one): Change[] => {
      const was = old.get(one.path);
      if (was === undefined) return [{ path: one.path, kind: 'added' }];
      return same(was, one) ? [] : [{ path: one.path, kind: 'changed' }];
    }),
    ...removed.map((one): Change => ({ path: one.path, kind: 'removed' })),
  ];
}

function hostRow(current: string | null, now: number): HostRecord {
  return {
    ...{ current, currentSince: now, counter: 1, lastTick: null, policy: null },
    ...{ switches: [], proofs: [], stillborn: null },
  };
}

/** Older versions are gone back to only if they are still there. */
function policiesOf(layout: Layout, memory: Remembered | null) {
  const policy = rememberedPolicy(layout);
  if (policy === null || memory === null) return { policy };
  const there = (digest: string) => kindOf(layout.policyVersion(digest)) === 'file';
  const older = memory.policies.filter((one) => one !== policy && there(one));
  return { policy, policies: [...older, policy] };
}

function put<T extends Table>(table: T, id: string, value: Tables[T], live = true): Put {
  return { table, id, value, live } as Put;
}
