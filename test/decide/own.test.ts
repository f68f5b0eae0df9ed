import { describe, expect, test } from 'vitest';
import { requests } from '../../supervisor/decide/requests.ts';
import type { Mark } from '../../supervisor/model/mark.ts';
import type { Request } from '../../supervisor/model/request.ts';
import type { State } from '../../supervisor/model/state.ts';
import type { Outcome, Step } from '../../supervisor/model/step.ts';
import * as build from './build.ts';
import { deploying, mark, settle } from './fold.ts';

const { bad, because, candidate, digest, facts, now, policy, proposal, release, slot } = build;

const asks: Record<'approve' | 'promote' | 'reject' | 'unbar', Request> = {
  approve: { verb: 'approve', proposal: 'p', digest: digest('b') },
  promote: { verb: 'promote', proposal: 'p', reason: 'yes' },
  reject: { verb: 'reject', proposal: 'p', reason: 'no' },
  unbar: { verb: 'unbar', digest: digest('b'), reason: 'mended' },
};

/** What ann's request comes to: its refusal, or the judgments in order. */
function says(request: Request, state: State, hostInstall = true): string {
  const asked = { id: 'r', by: 'ann', request, fault: null };
  const seen = facts({ hostInstall, requests: [asked] });
  const { marks } = requests({ state, facts: seen, policy: policy(), now });
  const said = marks.map((one) => {
    if (one.mark !== 'answered') return one.mark;
    return one.answer.reason === null ? '' : `${one.answer.reason.code}/${one.answer.exit}`;
  });
  return said.filter((one) => one !== '').join(' ');
}

describe('what one proposed is another’s to let pass', () => {
  test.each<[keyof typeof asks, string, boolean, string]>([
    ['approve', 'ann', true, 'own-proposal/3'],
    ['approve', 'bob', true, 'approved'],
    ['approve', 'ann', false, 'approved'],
    ['promote', 'ann', true, 'own-proposal/3'],
    ['promote', 'bob', true, 'promote'],
    ['promote', 'ann', false, 'promote'],
    ['unbar', 'ann', true, 'own-proposal/3'],
    ['unbar', 'bob', true, 'unbarred'],
    ['unbar', 'ann', false, 'unbarred'],
    ['reject', 'ann', true, 'end'],
  ])('%s, proposed by %s, host install %s: %s', (verb, owner, hostInstall, expected) => {
    const phase = verb === 'promote' ? 'canary' : 'awaiting-approval';
    const row = { phase, release: 'b', digest: digest('b'), owner } as const;
    const rows = { ...(verb === 'promote' ? deploying('canary') : {}), bad: [bad('b')] };
    const state = build.state({ ...rows, proposals: [proposal('p', row)] });
    expect(says(asks[verb], state, hostInstall)).toBe(expected);
  });
});

describe('a bar outlives the proposal that it came of', () => {
  const stage: Step = { do: 'stage', proposal: 'p', base: 'a', onto: 'a', at: now };
  const staged: Outcome = { of: 'staged', release: release('b'), candidate: candidate('b') };
  const ends: Mark = {
    ...{ mark: 'end', proposal: 'p', phase: 'aborted', reason: because(), bad: true },
  };
  /** Proposed by somebody, judged bad, and forgotten; on a host that may know its content. */
  const forgotten = (owner: string, known: string[] = []): State => {
    const before = known.length === 0 ? [] : [release('b', { owners: known })];
    const rows = { releases: before, proposals: [proposal('p', { phase: 'staging', owner })] };
    const gated = settle({ ...rows, deployment: slot() }, stage, staged);
    return mark(mark(gated, ends), { mark: 'forget', proposals: ['p'] });
  };
  const removed = (state: State): State => ({ ...state, releases: new Map() });
  test.each<[string, string, State]>([
    ['of another', 'unbarred', forgotten('bob')],
    ['of her own', 'own-proposal/3', forgotten('ann')],
    ['of another, who proposed what she had', 'own-proposal/3', forgotten('bob', ['ann'])],
    ['of her own, and its release is removed too', 'own-proposal/3', removed(forgotten('ann'))],
  ])('%s: %s', (_, expected, state) => {
    expect([state.proposals.size, says(asks.unbar, state)]).toEqual([0, expected]);
  });
  test('another of hers is no reason: it has other content', () => {
    const own = release('c', { owners: ['ann'] });
    const state = forgotten('bob');
    const both = { ...state, releases: new Map([...state.releases, ['c', own] as const]) };
    expect(says(asks.unbar, both)).toBe('unbarred');
  });
});
