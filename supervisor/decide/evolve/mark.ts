import { instant } from '../../model/duration.ts';
import type { Mark } from '../../model/mark.ts';
import { reason } from '../../model/reason.ts';
import { deployment, host } from '../../model/state.ts';
import type { Draft } from '../draft.ts';
import { clockMoved } from './clock.ts';
import { bar, endDeployment, judged, recordGate } from './deployment.ts';
import { becameCurrent } from './flip.ts';
import { policyDeclined, policyTaken } from './policy.ts';
import { runInterrupted } from './run.ts';

type On = { [K in Mark['mark']]: (draft: Draft, mark: Extract<Mark, { mark: K }>) => void };

/** A retry that nobody took for so long is of a step that nobody wants any more; milliseconds. */
const stale = 30 * 60_000;

/** What each judgment on record changes. */
const on: On = {
  begin,
  gate(draft, mark) {
    recordGate(draft, mark.gate);
    if (mark.authority.length > 0) draft.proposal(mark.proposal, { authority: mark.authority });
  },
  'ask-approval'(draft, mark) {
    draft.put('deployment', 'deployment', null);
    draft.phase(mark.proposal, 'awaiting-approval', mark.reason);
  },
  approved(draft, mark) {
    const { digest, by } = mark;
    draft.proposal(mark.proposal, { approval: { digest, by, at: instant(draft.now) } });
    draft.phase(mark.proposal, 'received', null);
  },
  'approval-void'(draft, mark) {
    draft.proposal(mark.proposal, { approval: null });
  },
  unheld(draft, mark) {
    draft.proposal(mark.proposal, { held: false });
    const row = draft.state.proposals.get(mark.proposal);
    if (row) draft.put('receipts', row.id, { id: row.id, agent: row.proposer });
  },
  canary(draft, mark) {
    const startedAt = draft.now;
    const { agent, deadline } = mark;
    const canary = { agent, startedAt, deadline, runs: [], extra: 0, paired: 0 };
    draft.deployment({ phase: 'canary', since: draft.now, canary });
    draft.proposal(mark.proposal, { canary: { agent, runs: [], outcome: 'running' } });
    draft.phase(mark.proposal, 'canary', null);
  },
  promote(draft, mark) {
    draft.deployment({ phase: 'promoting', since: draft.now });
    const row = mark.proposal === null ? undefined : draft.state.proposals.get(mark.proposal);
    if (row?.canary) {
      draft.proposal(row.id, { canary: { ...row.canary, outcome: mark.canary } });
    }
    draft.phase(mark.proposal, 'promoting', mark.reason);
  },
  end(draft, mark) {
    const slot = deployment(draft.state);
    const mine = slot !== null && slot.proposal === mark.proposal;
    if (mark.bad && mine) bar(draft, slot.candidate?.release ?? null, mark.reason);
    if (mine) return endDeployment(draft, mark.phase, mark.reason);
    draft.phase(mark.proposal, mark.phase, mark.reason);
  },
  cleared(draft, mark) {
    const bake = deployment(draft.state)?.bake;
    if (!bake) return;
    const suspects = bake.suspects.filter((run) => run.id !== mark.run);
    const firstEvidence = suspects.length === 0 ? null : bake.firstEvidence;
    draft.deployment({ bake: { ...bake, suspects, firstEvidence, confirm: null } });
  },
  stable,
  rollback(draft, { mark: _, ...rollback }) {
    draft.put('rollback', 'rollback', { ...rollback, startedAt: draft.now });
  },
  'current-moved': currentMoved,
  unbarred: (draft, mark) => draft.put('bad', mark.digest, null),
  answered(draft, { request: id, answer }) {
    draft.put('answers', id, { id, at: draft.now, answer, told: false });
  },
  'forget-answer': (draft, mark) => draft.put('answers', mark.request, null),
  forget(draft, mark) {
    for (const id of mark.proposals) {
      const row = draft.state.proposals.get(id);
      if (row) draft.put('proposals', id, row, false);
    }
  },
  scheduled(draft, { agent, path, cron, zone, next }) {
    draft.agent(agent, ({ paths }) => ({
      paths: { ...paths, [path]: { cron, zone, next, missed: 0 } },
    }));
  },
  unscheduled(draft, mark) {
    draft.agent(mark.agent, ({ paths }) => {
      const { [mark.path]: _, ...rest } = paths;
      return { paths: rest };
    });
  },
  missed(draft, mark) {
    draft.agent(mark.agent, ({ paths }) => {
      const own = paths[mark.path];
      if (own === undefined) return {};
      const missed = own.missed + mark.missed;
      return { paths: { ...paths, [mark.path]: { ...own, next: mark.next, missed } } };
    });
  },
  interrupted(draft, mark) {
    draft.put('pending', mark.key, null);
    runInterrupted(draft, mark.run, mark.usd);
  },
  switches(draft, mark) {
    draft.host({ switches: mark.names });
    for (const name of mark.on) draft.notice('halt', name, null);
  },
  policy: policyTaken,
  'policy-try'(draft, { digest: policy, by, request }) {
    draft.host({ trial: { policy, by, request, since: draft.now, gate: null, fault: null } });
  },
  'policy-declined': policyDeclined,
  covered: () => undefined,
  'journal-found': journalFound,
  'journal-known': journalKnown,
  tick(draft) {
    draft.host({ lastTick: draft.now });
    // Whoever still wants a step has tried it again long before this.
    for (const { key, step, at } of draft.state.retries.values()) {
      if (step === null && at < draft.now - stale) draft.put('retries', key, null);
    }
  },
  clock: (draft, mark) => clockMoved(draft, mark.by),
  // A first release that did not pass is tried again at each start.
  started: (draft) => draft.host({ stillborn: null, audit: null }),
  stopped: () => undefined,
};

export function marked(draft: Draft, mark: Mark): void {
  (on[mark.mark] as (draft: Draft, mark: Mark) => void)(draft, mark);
}

function begin(draft: Draft, mark: Mark & { mark: 'begin' }): void {
  const { proposal, onto } = mark;
  const row = proposal === null ? undefined : draft.state.proposals.get(proposal);
  const release = row?.release ? draft.state.releases.get(row.release) : undefined;
  const straight = mark.straight && row !== undefined && release !== undefined;
  const blank = { candidate: null, gates: [], canary: null, bake: null };
  const slot = { proposal, phase: 'staging' as const, since: draft.now, onto, ...blank };
  draft.put('deployment', 'deployment', slot);
  if (row === undefined) return;
  const turn = draft.number();
  draft.agent(row.proposer, () => ({ lastTurn: turn }));
  if (straight) draft.deployment({ gates: row.gates });
  else draft.proposal(row.id, { gates: [], authority: [], release: null, digest: null });
  draft.phase(row.id, 'staging', null);
}

function stable(draft: Draft, mark: Mark & { mark: 'stable' }): void {
  const slot = deployment(draft.state);
  const release = draft.state.releases.get(mark.release);
  if (release) draft.put('releases', release.id, { ...release, stableAt: stableNow(draft) });
  if (slot?.proposal !== mark.proposal) return;
  draft.put('deployment', 'deployment', null);
  draft.phase(mark.proposal, 'stable', mark.reason);
  const row = mark.proposal === null ? undefined : draft.state.proposals.get(mark.proposal);
  if (row) judged(draft, row.proposer, 'stable', null);
}

/** Later than every other, whatever the clock says: the newest stable release is the last one. */
function stableNow(draft: Draft): string {
  const others = [...draft.state.releases.values()].map((one) => Date.parse(one.stableAt ?? ''));
  const newest = Math.max(0, ...others.filter(Number.isFinite));
  return instant(Math.max(draft.now, newest + 1));
}

/**
 * Somebody moved `current` to a release that may be: the journal follows, the slot ends. To one
 * that may not be: it is told, and the link goes back.
 */
function currentMoved(draft: Draft, mark: Mark & { mark: 'current-moved' }): void {
  if (mark.back !== undefined) {
    const said = { step: 'look at current', input: mark.release, expected: mark.was };
    const because = reason('current-moved', {
      message: `current was moved by hand from ${mark.was} and goes to ${mark.back.to}`,
      ...{ ...said, actual: mark.release, cause: mark.back.because },
    });
    return draft.notice('current-moved', mark.release ?? 'none', because);
  }
  draft.host({ current: mark.release, currentSince: draft.now });
  if (mark.release !== null) becameCurrent(draft, mark.release);
  const slot = deployment(draft.state);
  draft.notice('current-moved', mark.release ?? 'none', null);
  if (slot === null || slot.phase === 'staging' || slot.phase === 'gating') return;
  const message = `current was moved by hand from ${mark.was} to ${mark.release}`;
  const because = { message, step: slot.phase, input: null, expected: mark.was, cause: null };
  endDeployment(draft, slot.phase === 'baking' ? 'rolled-back' : 'aborted', {
    ...because,
    code: 'current-moved',
    actual: mark.release,
    hint: 'It is not barred: drop it again.',
  });
}

/** It stays until an operator has read it; what comes meanwhile is added. */
function journalFound(draft: Draft, { mark: _, ...found }: Mark & { mark: 'journal-found' }): void {
  const before = host(draft.state).journal?.found ?? [];
  const all = [...new Set([...before, ...found.found])];
  draft.host({ journal: { ...found, at: draft.now, found: all } });
  draft.notice(`journal-${found.what}`, found.aside ?? 'journal.db', null);
}

function journalKnown(draft: Draft): void {
  const { journal, knownFaults = [] } = host(draft.state);
  const known = [...new Set([...knownFaults, ...(journal?.found ?? [])])].slice(-200);
  draft.host({ journal: null, knownFaults: known });
}
