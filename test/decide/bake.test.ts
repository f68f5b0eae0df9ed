import { describe, expect, test } from 'vitest';
import {
  type BakeQuestion,
  confirmed,
  confirmNext,
  judgeBake,
  seen,
  toStart,
} from '../../supervisor/decide/bake.ts';
import type { BakeRecord, Confirm } from '../../supervisor/model/deployment.ts';
import type { RunBrief } from '../../supervisor/model/run.ts';
import { agent, bakeOf, brief, failure, now, policy, record } from './build.ts';

const minute = 60_000;
const agents = [agent('maker'), agent('scout')];
const bothRan = [brief({ agent: 'maker' }), brief({ agent: 'scout' })];
const suspect = failure({ id: 's', agent: 'maker' });
const confirmOf = (change: Partial<Confirm> = {}): Confirm => ({
  ...{ suspect: 's', again: null, onStable: null, tries: 0, notBefore: 0 },
  ...change,
});

const question = (bake: Partial<BakeRecord>, change: Partial<BakeQuestion> = {}): BakeQuestion => ({
  ...{ bake: bakeOf(bake), agents, records: new Map(), skipped: () => null },
  ...{ limits: policy().policy.bake, now },
  ...change,
});
const verdict = (bake: Partial<BakeRecord>, change: Partial<BakeQuestion> = {}) => {
  const judged = judgeBake(question(bake, change));
  return 'reason' in judged && judged.reason ? `${judged.is} ${judged.reason.code}` : judged.is;
};
const young = now - 14 * minute;
const old = now - 24 * 60 * minute;

describe('the bake (15 min, at most 24 h, 2 failed runs)', () => {
  test.each<[string, Partial<BakeRecord>, Partial<BakeQuestion>, string]>([
    ['everybody ran and time is up', { runs: bothRan }, {}, 'stable'],
    ['everybody ran, too early', { runs: bothRan, startedAt: young }, {}, 'watch'],
    ['one has not run', { runs: [brief({ agent: 'maker' })] }, {}, 'watch'],
    ['nobody ran', {}, {}, 'watch'],
    [
      'one never ran until the end',
      { runs: bothRan.slice(0, 1), startedAt: old },
      {},
      'inconclusive bake-inconclusive',
    ],
    ['nobody ever ran', { startedAt: old }, {}, 'inconclusive bake-inconclusive'],
    [
      'who is halted is not due',
      { runs: [brief({ agent: 'maker' })] },
      { skipped: (one) => (one.name === 'scout' ? 'agent-halt' : null) },
      'stable',
    ],
    ['all are halted: nothing was watched', {}, { skipped: () => 'host-halt' }, 'watch'],
    ['an open suspect', { runs: bothRan, suspects: [suspect] }, {}, 'watch'],
    [
      'a suspect open to the end',
      { runs: bothRan, suspects: [suspect], startedAt: old },
      {},
      'inconclusive bake-inconclusive',
    ],
    [
      'two failures of one agent',
      { suspects: [suspect, failure({ agent: 'maker' })] },
      {},
      'watch',
    ],
    [
      'a second agent fails',
      { suspects: [suspect, failure({ agent: 'scout' })] },
      {},
      'bad bake-failed',
    ],
    [
      'a second agent fails, young',
      { suspects: [suspect, failure({ agent: 'scout' })], startedAt: young },
      {},
      'bad bake-failed',
    ],
    [
      'two agents, policy wants three runs',
      { suspects: [suspect, failure({ agent: 'scout' })] },
      { limits: { ...policy().policy.bake, failedRuns: 3 } },
      'watch',
    ],
    [
      'failed again, passed on the stable one',
      { suspects: [suspect], confirm: confirmOf({ again: failure(), onStable: brief() }) },
      {},
      'bad bake-failed',
    ],
    [
      'failed again, not yet tried on the stable one',
      { suspects: [suspect], confirm: confirmOf({ again: failure() }) },
      {},
      'watch',
    ],
    [
      'failed again, fails on the stable one',
      { suspects: [suspect], confirm: confirmOf({ again: failure(), onStable: failure() }) },
      {},
      'watch',
    ],
    [
      'failed again, idle on the stable one',
      {
        suspects: [suspect],
        confirm: confirmOf({ again: failure(), onStable: brief({ steps: 0 }) }),
      },
      {},
      'watch',
    ],
  ])('%s', (_, bake, change, expected) => expect(verdict(bake, change)).toBe(expected));
});

describe('an agent was seen', () => {
  const two = agent('maker', { schedule: { task: '0 * * * *', drive: '0 * * * *' } });
  test.each<[string, RunBrief[], boolean]>([
    ['by a turn that completed', [brief()], true],
    ['not by another agent', [brief({ agent: 'scout' })], false],
    ['not by one idle path of two', [brief({ steps: 0 })], false],
    ['by all its paths, idle', [brief({ steps: 0 }), brief({ steps: 0, path: 'drive' })], true],
    ['not by a failure', [failure(), brief({ steps: 0, path: 'drive' })], false],
    ['not by an outage', [failure({ cause: 'upstream' })], false],
  ])('%s', (_, runs, expected) => expect(seen(two, bakeOf({ runs }))).toBe(expected));
});

describe('who is started because the schedule comes too late', () => {
  const due = (next: number) =>
    new Map([
      ['scout', record('scout', { paths: { task: { cron: '', zone: '', next, missed: 0 } } })],
    ]);
  const names = (bake: Partial<BakeRecord>, change: Partial<BakeQuestion> = {}) =>
    toStart(question({ startedAt: now, ...bake }, change)).map(({ agent: one }) => one.name);
  test.each<[string, string[], string[]]>([
    ['everybody at first', names({}), ['maker', 'scout']],
    ['not who was seen', names({ runs: [brief()] }), ['scout']],
    ['not who is due in time', names({}, { records: due(now + minute) }), ['maker']],
    ['but who is due too late', names({}, { records: due(now + 16 * minute) }), ['maker', 'scout']],
    [
      'not who is halted',
      names({}, { skipped: (one) => (one.name === 'maker' ? 'x' : null) }),
      ['scout'],
    ],
    ['not who is under suspicion', names({ suspects: [suspect] }), ['scout']],
    [
      'not at once after an outage',
      names({ runs: [failure({ cause: 'upstream', endedAt: now - 14_000 })] }),
      ['scout'],
    ],
    [
      'but after a while',
      names({ runs: [failure({ cause: 'upstream', endedAt: now - 15_000 })] }),
      ['maker', 'scout'],
    ],
  ])('%s', (_, given, expected) => expect(given).toEqual(expected));
});

describe('how the oldest suspect is confirmed', () => {
  const next = (change: Partial<Confirm> | null) => {
    const bake = bakeOf({ suspects: [suspect], confirm: change && confirmOf(change) });
    const step = confirmNext(bake, now);
    if (step === null) return 'nothing';
    return 'cleared' in step ? `cleared: ${step.because}` : `${step.run.id} on ${step.on}`;
  };
  test.each<[string, string, string]>([
    ['first on the release itself', next(null), 's on current'],
    ['of an older suspect: anew', next({ suspect: 'other', again: failure() }), 's on current'],
    ['passes: explained', next({ again: brief() }), 'cleared: the same path passed when run again'],
    ['fails: then on the stable one', next({ again: failure() }), 's on stable'],
    [
      'fails there too: explained',
      next({ again: failure(), onStable: failure() }),
      'cleared: the same path fails on the stable release too',
    ],
    ['passes there: nothing more to do', next({ again: failure(), onStable: brief() }), 'nothing'],
    ['no evidence yet: a pause', next({ notBefore: now + 1 }), 'nothing'],
    ['the pause is over', next({ notBefore: now }), 's on current'],
  ])('%s', (_, given, expected) => expect(given).toBe(expected));
  test('without suspects: nothing', () => expect(confirmNext(bakeOf(), now)).toBeNull());
});

describe("a rerun's end", () => {
  const bake = bakeOf({ suspects: [suspect], confirm: confirmOf() });
  const rerun = (change: Partial<RunBrief> = {}) => brief({ id: 'r', endedAt: now, ...change });
  test('on the release, and on the stable one', () => {
    expect(confirmed(bake, rerun(), true)).toMatchObject({ again: { id: 'r' }, onStable: null });
    expect(confirmed(bake, rerun(), false)).toMatchObject({ again: null, onStable: { id: 'r' } });
  });
  test('that is no evidence is tried again, later each time', () => {
    const outage = rerun({ outcome: 'failed', cause: 'upstream' });
    const first = confirmed(bake, outage, true);
    expect(first).toMatchObject({ tries: 1, again: null, notBefore: now + 15_000 });
    const second = confirmed({ ...bake, confirm: first }, outage, true);
    expect(second).toMatchObject({ tries: 2, notBefore: now + 30_000 });
  });
  test.each([
    ['of another agent', { agent: 'scout' }],
    ['of another path', { path: 'drive' as const }],
  ])('%s says nothing of this suspect', (_, change) => {
    expect(confirmed(bake, rerun(change), false)).toBe(bake.confirm);
  });
  test('without a suspect says nothing', () => {
    expect(confirmed(bakeOf(), rerun(), true)).toBeNull();
  });
});
