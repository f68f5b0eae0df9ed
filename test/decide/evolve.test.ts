import { describe, expect, test } from 'vitest';
import { evolve } from '../../supervisor/decide/evolve/entry.ts';
import type { Mark } from '../../supervisor/model/mark.ts';
import type { Phase } from '../../supervisor/model/proposal.ts';
import { deployment, type State } from '../../supervisor/model/state.ts';
import { type Outcome, type Step, stepKey } from '../../supervisor/model/step.ts';
import {
  because,
  candidate,
  digest,
  now,
  policy,
  proposal,
  record,
  release,
  slot,
  state,
} from './build.ts';
import { deploying, fold, mark, settle } from './fold.ts';

const failed: Outcome = { of: 'failed', reason: because('host-failed') };
const end = (phase: Phase, more: object = {}): Mark => ({
  ...{ mark: 'end', proposal: 'p', phase, reason: because('canary-failed'), bad: false },
  ...more,
});

describe('an intent, and its outcome', () => {
  const seal: Step = { do: 'seal', id: 'x', agent: 'maker', drop: 'd', run: null, at: now };
  test('is pending until it is settled', () => {
    const open = fold({}, { at: now, type: 'intent', key: stepKey(seal), step: seal });
    expect(open.pending.get('seal:maker/d')).toMatchObject({ attempts: 1, since: now });
    const again = fold(open, { at: now + 5, type: 'intent', key: stepKey(seal), step: seal });
    expect(again.pending.get('seal:maker/d')).toMatchObject({ attempts: 2, since: now });
    expect(settle({}, seal, { of: 'gone' }).pending.size).toBe(0);
  });
  test('an outcome that nothing waits for changes nothing', () => {
    const outcome: Outcome = { of: 'withdrawal', target: 'p' };
    const after = fold(
      { proposals: [proposal('p')] },
      { at: now, type: 'outcome', key: 'k', step: seal, outcome },
    );
    expect(after.proposals.get('p')?.phase).toBe('received');
  });
  test('what failed is tried again, later each time', () => {
    const waits = (attempts: number) => {
      const reason = because('host-failed');
      const retries = [{ key: 'flip:promote:b', step: null, attempts, at: now, reason }];
      const flip: Step = { do: 'flip', to: 'b', from: 'a', why: 'promote' };
      return (settle({ retries }, flip, failed).retries.get('flip:promote:b')?.at ?? 0) - now;
    };
    expect([0, 1, 2, 3, 9].map(waits)).toEqual([500, 1000, 2000, 2000, 2000]);
  });
  test('a failed seal keeps what it is to try again', () => {
    expect(settle({}, seal, failed).retries.get('seal:maker/d')?.step).toEqual(seal);
  });
  test('a retry that nobody took is forgotten at a tick, a seal never', () => {
    const reason = because('host-failed');
    const long = { attempts: 1, at: now - 31 * 60_000, reason };
    const retries = [
      { key: 'notify:1', step: null, ...long },
      { key: 'seal:maker/d', step: seal, ...long },
      { key: 'notify:2', step: null, ...long, at: now },
    ];
    expect([...mark({ retries }, { mark: 'tick' }).retries.keys()]).toEqual([
      'seal:maker/d',
      'notify:2',
    ]);
  });
});

describe('receipts', () => {
  const write: Step = { do: 'receipt', proposal: 'p', agent: 'maker' };
  const due = { proposals: [proposal('p')], receipts: [{ id: 'p', agent: 'maker' }] };
  test('a phase that comes while the receipt is written asks for another', () => {
    const begun = fold(due, { at: now, type: 'intent', key: stepKey(write), step: write });
    expect(begun.receipts.size).toBe(0);
    const moved = mark(begun, end('withdrawn'));
    const written = fold(moved, {
      at: now,
      type: 'outcome',
      key: stepKey(write),
      step: write,
      outcome: { of: 'done' },
    });
    expect(written.receipts.has('p')).toBe(true);
  });
  test('one that could not be written is still due', () => {
    expect(settle({ proposals: [proposal('p')] }, write, failed).receipts.has('p')).toBe(true);
  });
});

const phaseOf = (after: State, id = 'p') => after.proposals.get(id)?.phase;

describe('the end of a change', () => {
  test.each<[string, Mark, boolean, boolean]>([
    ['on evidence bars its digest', end('aborted', { bad: true }), true, true],
    ['without evidence bars nothing', end('aborted'), false, true],
    [
      'of another proposal leaves the slot alone',
      end('refused', { proposal: 'q', bad: true }),
      false,
      false,
    ],
  ])('%s', (_, given, barred, freed) => {
    const rows = deploying('canary');
    const after = mark({ ...rows, proposals: [...(rows.proposals ?? []), proposal('q')] }, given);
    expect(after.bad.has(digest('b'))).toBe(barred);
    expect(deployment(after) === null).toBe(freed);
    expect(phaseOf(after, given.mark === 'end' ? (given.proposal ?? '') : '')).toBe(
      given.mark === 'end' && given.phase,
    );
  });
  test('what runs of a bad release proposed is held, and its agent told', () => {
    const rows = deploying('canary');
    const dropped = proposal('q', { onRelease: 'b' });
    const staged = proposal('r', { onRelease: 'a' });
    const after = mark(
      { ...rows, proposals: [...(rows.proposals ?? []), dropped, staged] },
      end('aborted', { bad: true }),
    );
    expect([after.proposals.get('q')?.held, after.proposals.get('r')?.held]).toEqual([true, false]);
    expect(after.receipts.has('q')).toBe(true);
  });
  test.each([
    ['gate-smoke', 1, 0],
    ['gate-smoke', 2, 300_000],
    ['gate-smoke', 3, 600_000],
    ['gate-error', 2, 0],
    ['canary-inconclusive', 2, 0],
    ['operator-abort', 2, 0],
  ] as const)('by %s, the proposer waits after failure %i: %i ms', (code, failures, wait) => {
    const rows = { ...deploying('gating'), agents: [record('maker', { failures: failures - 1 })] };
    const after = mark(rows, end('refused', { reason: because(code) }));
    expect(Math.max(0, (after.agents.get('maker')?.waitUntil ?? 0) - now)).toBe(wait);
  });
  test('a stable one starts counting anew', () => {
    const rows = {
      ...deploying('baking'),
      agents: [record('maker', { failures: 5, waitUntil: now + 9 })],
    };
    const after = mark(rows, { mark: 'stable', proposal: 'p', release: 'b', reason: null });
    expect(after.agents.get('maker')).toMatchObject({ failures: 0, waitUntil: 0 });
    expect(after.releases.get('b')?.stableAt).not.toBeNull();
    expect([phaseOf(after), deployment(after)]).toEqual(['stable', null]);
  });
  test.each([
    ['withdrawn by file in its canary', 'canary', 'withdrawn'],
    ['not once it is promoted', 'promoting', 'promoting'],
    ['not while it bakes', 'baking', 'baking'],
  ] as const)('%s', (_, phase, expected) => {
    const step: Step = {
      do: 'seal',
      id: 'w',
      agent: 'maker',
      drop: 'w.withdraw',
      run: null,
      at: now,
    };
    const after = settle(deploying(phase), step, { of: 'withdrawal', target: 'p' });
    expect(phaseOf(after)).toBe(expected);
    expect(deployment(after) === null).toBe(expected === 'withdrawn');
    expect(phaseOf(after, 'w')).toBe(expected === 'withdrawn' ? undefined : 'refused');
  });
  test("another agent's proposal cannot be withdrawn", () => {
    const step: Step = {
      do: 'seal',
      id: 'w',
      agent: 'scout',
      drop: 'w.withdraw',
      run: null,
      at: now,
    };
    const after = settle({ proposals: [proposal('p')] }, step, { of: 'withdrawal', target: 'p' });
    expect([phaseOf(after), after.proposals.get('w')?.reason?.code]).toEqual([
      'received',
      'unknown-proposal',
    ]);
  });
});

test.each([
  ['the same content keeps the gates that it passed', 'b', 1],
  ['other content passes all of them anew', 'c', 0],
])('staged again after its approval: %s', (_, id, kept) => {
  const gates = [{ name: 'policy' as const, outcome: 'pass' as const, ms: 1, findings: [] }];
  const rows = { ...deploying('staging'), deployment: slot({ phase: 'staging', gates }) };
  const step: Step = { do: 'stage', proposal: 'p', base: 'a', onto: 'a', at: now };
  const staged: Outcome = { of: 'staged', release: release(id), candidate: candidate(id) };
  expect(deployment(settle(rows, step, staged))?.gates).toHaveLength(kept);
});

test('staging whose change was withdrawn meanwhile leaves the slot alone', () => {
  const step: Step = { do: 'stage', proposal: 'gone', base: 'a', onto: 'a', at: now };
  const after = settle(deploying('staging'), step, {
    of: 'staged',
    release: release('c'),
    candidate: candidate('c'),
  });
  expect([deployment(after)?.phase, deployment(after)?.candidate]).toEqual(['staging', null]);
});

test('an approval is for the digest that was shown, and goes back into the queue', () => {
  const rows = { proposals: [proposal('p', { phase: 'awaiting-approval', digest: digest('b') })] };
  const after = mark(rows, { mark: 'approved', proposal: 'p', digest: digest('b'), by: 'ann' });
  expect(after.proposals.get('p')).toMatchObject({
    phase: 'received',
    approval: { digest: digest('b'), by: 'ann' },
  });
});

test('the given state is never changed in place', () => {
  const before = state(deploying('canary'));
  const copy = structuredClone(before);
  evolve(before, { at: now, type: 'mark', mark: end('aborted', { bad: true }) }, policy());
  expect(before).toEqual(copy);
});
