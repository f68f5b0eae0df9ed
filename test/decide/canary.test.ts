import { describe, expect, test } from 'vitest';
import { pathFor } from '../../supervisor/decide/baseline.ts';
import { chooseCanary, judgeCanary } from '../../supervisor/decide/canary.ts';
import type { CanaryRecord } from '../../supervisor/model/deployment.ts';
import type { RunBrief } from '../../supervisor/model/run.ts';
import { agent, brief, canaryOf, failure, now, policy, record } from './build.ts';

const { canary: limits } = policy().policy;
const times = (count: number, change: Partial<RunBrief>) =>
  Array.from({ length: count }, () => brief(change));
const earlier = (count: number, change: Partial<RunBrief> = {}) =>
  times(count, { release: 'a', ...change });

function judge(
  runs: RunBrief[],
  baseline: RunBrief[],
  change: Partial<CanaryRecord> = {},
  at = now,
) {
  const canary = canaryOf('maker', { runs, ...change });
  const own = record('maker', { recent: baseline });
  const verdict = judgeCanary({ canary, record: own, onto: 'a', limits, now: at });
  if ('reason' in verdict) return `${verdict.is} ${verdict.reason.code}`;
  return verdict.is === 'more' ? `more on ${verdict.on}` : verdict.is;
}
const late = now + 900_000;

describe('the analysis (3 runs, 6 extra, 2x cost, 3x duration)', () => {
  test.each<[string, RunBrief[], RunBrief[], Partial<CanaryRecord>, number, string]>([
    ['enough good runs', times(3, {}), earlier(3), {}, now, 'pass'],
    ['one is missing', times(2, {}), earlier(3), {}, now, 'more on candidate'],
    ['no baseline: paired runs first', [], [], {}, now, 'more on current'],
    ['a short baseline, good runs already', times(3, {}), earlier(2), {}, now, 'more on current'],
    ['a baseline that stays short', times(3, {}), earlier(1), { paired: 6 }, now, 'pass'],
    ['no baseline at all after all pairs', times(3, {}), [], { paired: 6 }, now, 'pass'],
    ['nothing left to try', times(2, {}), earlier(3), { extra: 6 }, now, 'more on null'],
    ['one failure', [...times(2, {}), failure()], earlier(3), {}, now, 'fail canary-failed'],
    ['one timeout', [failure({ cause: 'timeout' })], earlier(3), {}, now, 'fail canary-failed'],
    [
      'an empty run',
      [brief({ outcome: 'empty', cause: 'runtime', steps: 0 })],
      ...([earlier(3), {}, now, 'fail canary-failed'] as const),
    ],
    [
      'a failure among good ones',
      [failure(), ...times(5, {})],
      earlier(3),
      {},
      now,
      'fail canary-failed',
    ],
    ['a failure even before its baseline', [failure()], [], {}, now, 'fail canary-failed'],
    [
      'the baseline fails on the same path',
      [failure(), ...times(3, {})],
      [...earlier(3), failure({ release: 'a' })],
      ...([{}, now, 'pass'] as const),
    ],
    [
      'the baseline failed and passed since',
      [failure(), ...times(3, {})],
      [failure({ release: 'a' }), ...earlier(3)],
      ...([{}, now, 'fail canary-failed'] as const),
    ],
    [
      'the baseline fails on another path',
      [failure()],
      [...earlier(3), failure({ release: 'a', path: 'drive' })],
      ...([{}, now, 'fail canary-failed'] as const),
    ],
    [
      'failures of others are no evidence',
      [...times(2, {}), failure({ cause: 'upstream' }), failure({ cause: 'host' })],
      ...([earlier(3), {}, now, 'more on candidate'] as const),
    ],
    [
      'turns without work are no evidence',
      times(9, { steps: 0 }),
      earlier(3),
      {},
      now,
      'more on candidate',
    ],
    [
      'too little by the deadline',
      times(2, {}),
      earlier(3),
      {},
      late,
      'inconclusive canary-inconclusive',
    ],
    ['nothing by the deadline', [], [], {}, late, 'inconclusive canary-inconclusive'],
    [
      'an outage until the deadline',
      [failure({ cause: 'upstream' })],
      earlier(3),
      {},
      late,
      'inconclusive canary-inconclusive',
    ],
    ['failed at the deadline', [failure()], earlier(3), {}, late, 'fail canary-failed'],
    ['passed at the deadline', times(3, {}), earlier(3), {}, late, 'pass'],
  ])('%s', (_, runs, baseline, change, at, expected) => {
    expect(judge(runs, baseline, change, at)).toBe(expected);
  });

  test.each<[string, Partial<RunBrief>, Partial<RunBrief>, string]>([
    ['3x as long', { durationMs: 30_000 }, { durationMs: 10_000 }, 'pass'],
    ['more than 3x as long', { durationMs: 30_001 }, { durationMs: 10_000 }, 'fail canary-slow'],
    ['10x, under 2 s more', { durationMs: 2_100 }, { durationMs: 200 }, 'pass'],
    ['10x, over 2 s more', { durationMs: 2_500 }, { durationMs: 250 }, 'fail canary-slow'],
    ['2x as dear', { usd: 0.2 }, { usd: 0.1 }, 'pass'],
    ['more than 2x as dear', { usd: 0.21 }, { usd: 0.1 }, 'fail canary-costly'],
    ['10x, under a cent more', { usd: 0.01 }, { usd: 0.001 }, 'pass'],
    ['from nothing to two cents', { usd: 0.02 }, { usd: 0 }, 'fail canary-costly'],
    ['faster and cheaper', { durationMs: 1, usd: 0 }, {}, 'pass'],
    ['another path has no baseline', { path: 'drive' }, {}, 'more on candidate'],
  ])('%s', (_, good, base, expected) => {
    expect(judge(times(3, good), earlier(3, base))).toBe(expected);
  });

  test('the median is compared, path by path', () => {
    const slow = brief({ durationMs: 900_000 });
    expect(judge([...times(2, {}), slow], earlier(3))).toBe('pass');
    const drives = times(2, { path: 'drive', durationMs: 40_000 });
    const base = [...earlier(2), ...earlier(2, { path: 'drive', durationMs: 10_000 })];
    expect(judge([...times(2, {}), ...drives], base)).toBe('fail canary-slow');
  });

  test('runs on other releases are no baseline', () => {
    expect(judge(times(3, {}), earlier(9, { release: 'z' }))).toBe('more on current');
  });
});

describe('who the canary is', () => {
  const agents = [agent('maker'), agent('scout'), agent('scribe')];
  const busyScribe = [
    record('scribe', { recent: times(2, {}) }),
    record('scout', { recent: times(1, {}) }),
  ];
  const recent = [
    record('scribe', { recent: [brief({ endedAt: 5 })] }),
    record('scout', { recent: [brief({ endedAt: 9 })] }),
  ];
  const choose = (
    wanted: string,
    proposer: string | null,
    records: typeof recent = [],
    able: (name: string) => boolean = () => true,
    list = agents,
  ) => {
    const known = new Map(records.map((one) => [one.name, one]));
    return chooseCanary(wanted, proposer, list, known, (one) => able(one.name))?.name ?? null;
  };
  test.each([
    ['not the proposer', choose('auto', 'maker'), 'scout'],
    ['the most recorded runs', choose('auto', 'maker', busyScribe), 'scribe'],
    ['then the latest run', choose('auto', 'maker', recent), 'scout'],
    ['then the name', choose('auto', null), 'maker'],
    [
      'the proposer alone is left',
      choose('auto', 'maker', [], (name) => name === 'maker'),
      'maker',
    ],
    ['who is halted cannot', choose('auto', 'maker', [], (name) => name !== 'scout'), 'scribe'],
    ['nobody can', choose('auto', 'maker', [], () => false), null],
    ['a name in policy wins', choose('scribe', 'maker', recent), 'scribe'],
    ['a name that is not there', choose('ghost', 'maker'), 'scout'],
    ['nobody is there', choose('auto', 'maker', [], () => true, []), null],
  ])('%s', (_, chosen, expected) => expect(chosen).toBe(expected));
});

describe('the path that gives evidence', () => {
  test.each<[string, string | null, Parameters<typeof pathFor>]>([
    ['the one that acts most', 'drive', [['task', 'triage', 'drive'], [], undefined]],
    [
      'each once first',
      'task',
      [['task', 'triage', 'drive'], [brief({ path: 'drive' })], undefined],
    ],
    [
      'then the ones that had something to do',
      'task',
      [
        ['task', 'triage'],
        [brief({ path: 'task' }), brief({ path: 'triage', steps: 0 })],
        undefined,
      ],
    ],
    [
      'in turn',
      'triage',
      [
        ['task', 'triage'],
        [brief({ path: 'task' }), brief({ path: 'task' }), brief({ path: 'triage' })],
        undefined,
      ],
    ],
    ['an agent without schedule', 'standing', [[], [], undefined]],
  ])('%s', (_, expected, given) => expect(pathFor(...given)).toBe(expected));
});
