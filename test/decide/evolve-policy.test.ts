import { describe, expect, test } from 'vitest';
import { reason } from '../../supervisor/model/reason.ts';
import type { PolicyTrial } from '../../supervisor/model/state.ts';
import type { Outcome, Step } from '../../supervisor/model/step.ts';
import { ending, now, policy, type Rows } from './build.ts';
import { mark, settle } from './fold.ts';
import { fails, passes, rehearsal } from './rehearsals.ts';

const inForce = policy().digest;
const [other, third] = ['9'.repeat(64), '8'.repeat(64)];
const because = reason('policy-declined', { message: 'no', step: 'policy' });
const trial = (more: Partial<PolicyTrial> = {}): PolicyTrial => ({
  ...{ policy: other, by: 'root', request: null, since: now, gate: null, fault: null },
  ...more,
});
const trying = (more: Partial<PolicyTrial> = {}): Rows => ({ host: { trial: trial(more) } });
const declined = { policy: other, by: 'root', reason: because, at: now, final: true };
const step: Step = { do: 'try-policy', policy: other, release: 'a' };

describe('versions of the policy on record', () => {
  const taken = (digest: string, why: 'smoke' | 'rollback', host: object) =>
    mark({ host }, { mark: 'policy', digest, from: inForce, by: 'root', why }).host.get('host');
  test('a version that is taken is the newest, and nothing waits any more', () => {
    const before = {
      policies: [third, inForce],
      trial: trial(),
      declined: declined,
    };
    expect(taken(other, 'smoke', before)).toMatchObject({
      ...{ policy: other, policies: [third, inForce, other] },
      ...{ trial: null, declined: null },
    });
  });
  test('going back forgets what came after: the next goes further back', () => {
    const before = { policies: [third, inForce, other] };
    expect(taken(inForce, 'rollback', before)?.policies).toEqual([third, inForce]);
  });
  test('one that is taken again stands once', () => {
    expect(taken(third, 'smoke', { policies: [third, inForce] })?.policies).toEqual([
      inForce,
      third,
    ]);
  });
  test('of many the last ten are named', () => {
    const many = Array.from({ length: 10 }, (_, index) => `${index}`);
    expect(taken('new', 'smoke', { policies: many })?.policies).toEqual([...many.slice(1), 'new']);
  });

  const shown = (pass: boolean): Outcome => {
    const candidate = pass ? passes : fails;
    return {
      of: 'rehearsed',
      smoke: { ms: 1, suite: 's', candidate, current: null, broken: fails, faults: [] },
    };
  };
  const trialAfter = (rows: Rows, outcome: Outcome) =>
    settle(rows, step, outcome).host.get('host')?.trial;
  test('what the rehearsals showed is judged as a gate', () => {
    expect(trialAfter(trying(), shown(true))?.gate?.outcome).toBe('pass');
    expect(trialAfter(trying(), shown(false))?.gate?.outcome).toBe('fail');
    expect(trialAfter(trying(), { of: 'failed', reason: because })?.fault).toEqual(because);
    expect(trialAfter(trying(), { of: 'stopped' })).toEqual(trial());
  });
  test('what met a halt shows nothing: it is tried again', () => {
    const candidate = [rehearsal(ending({ exit: null, stoppedBy: 'halt' }))];
    const smoke = { ms: 1, suite: 's', candidate, current: null, broken: fails, faults: [] };
    expect(trialAfter(trying(), { of: 'rehearsed', smoke })).toEqual(trial());
  });
  test('what they showed of another release or version counts for nothing', () => {
    expect(trialAfter({ host: { trial: trial(), current: 'b' } }, shown(true))?.gate).toBe(null);
    expect(trialAfter(trying({ policy: third }), shown(true))?.gate).toBe(null);
    expect(trialAfter({}, shown(true)) ?? null).toBe(null);
  });
});
