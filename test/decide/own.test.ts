import { describe, expect, test } from 'vitest';
import { requests } from '../../supervisor/decide/requests.ts';
import type { Mark } from '../../supervisor/model/mark.ts';
import type { Release } from '../../supervisor/model/release.ts';
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
function says(request: Request, state: State, hostInstall = true, current = 'a'): string {
  const asked = { id: 'r', by: 'ann', request, fault: null };
  const seen = facts({ hostInstall, requests: [asked], current });
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

describe('a rollback makes nothing current that is one’s own and was not promoted', () => {
  const to = (flipped: { from: string; to: string } | null = null, named = true): Request => ({
    ...{ verb: 'rollback', to: named ? 'b' : null, keep: false, reason: '', flipped },
  });
  const forged = { from: 'a', to: 'b' };
  const of = (owner: string, change: Partial<Release> = {}, more: build.Rows = {}): State => {
    const releases = [build.stable('a', now - 1000), release('b', { owners: [owner], ...change })];
    return build.state({ ...more, releases });
  };
  const on = (phase: 'canary' | 'baking') =>
    of('ann', {}, { ...deploying(phase), host: at[phase] });
  const at = { canary: { current: 'a' }, baking: { current: 'b' } };
  const barred = { bad: [bad('b')] };
  const proposed = { proposals: [proposal('p', { digest: digest('b'), owner: 'ann' })] };
  test.each<[string, string, Request, State, string?]>([
    ['never promoted, her own', 'own-proposal/3', to(), of('ann')],
    ['as its proposal says', 'own-proposal/3', to(), of('bob', {}, proposed)],
    ['of another', 'rollback', to(), of('bob')],
    ['it was current once', 'rollback', to(), of('ann', { currentAt: build.at(now) })],
    ['it was stable', 'rollback', to(), of('ann', { stableAt: build.at(now) })],
    ['that, and barred', 'own-proposal/3', to(), of('ann', { stableAt: 'then' }, barred)],
    ['barred, of another', 'rollback', to(), of('bob', {}, barred)],
    ['in its canary', 'own-proposal/3', to(), on('canary')],
    ['while it bakes', 'own-proposal/3', to(forged), on('baking'), 'b'],
    ['the glass was broken', 'rollback', to(forged), of('ann'), 'b'],
    ['not named twice', 'rollback', to(forged, false), of('ann'), 'b'],
    ['it was not: the link is elsewhere', 'own-proposal/3', to(forged), of('ann')],
    ['nor that, unnamed', 'own-proposal/3', to(forged, false), of('ann')],
    ['another was gone to', 'own-proposal/3', to({ from: 'b', to: 'a' }), of('ann')],
    ['to wherever it goes', 'rollback', to(null, false), of('ann')],
  ])('%s: %s', (_, expected, request, state, link = 'a') => {
    expect(says(request, state, true, link)).toBe(expected);
  });
  test('in a checkout there is only one who could', () => {
    expect(says(to(), of('ann'), false)).toBe('rollback');
  });

  const gone = (why: 'promote' | 'rollback', state: build.Rows) =>
    settle(state, { do: 'flip', to: 'b', from: null, why }, { of: 'flipped' });
  test('a release that becomes current is known to have been, from then on', () => {
    const rows = deploying('promoting');
    const first = gone('promote', rows).releases.get('b')?.currentAt;
    const releases = [release('a'), release('b', { currentAt: 'before' })];
    const again = gone('promote', { ...rows, releases }).releases.get('b')?.currentAt;
    expect([first, again]).toEqual([build.at(now), 'before']);
    const moved = mark(rows, { mark: 'current-moved', release: 'b', was: 'a', by: 'unknown' });
    expect(moved.releases.get('b')?.currentAt).toBe(build.at(now));
  });
  test.each<[string, Partial<Release>, boolean]>([
    ['never', {}, true],
    ['was', { currentAt: 'then' }, false],
    ['stable once', { stableAt: 'then' }, false],
  ])('who goes to one that was %s promoted is told if it was not', (_, change, told) => {
    const rollback = build.rollingBack({ from: 'a', to: 'b', clear: true, request: 'r' });
    const after = gone('rollback', { releases: [release('b', change)], rollback });
    const said = after.answers.get('r')?.answer.message ?? '';
    expect([said.startsWith('current is b'), said.includes('never promoted')]).toEqual([
      true,
      told,
    ]);
  });
});
