import { describe, expect, test } from 'vitest';
import { intake } from '../../supervisor/decide/intake.ts';
import { stableReleases } from '../../supervisor/decide/rollback.ts';
import { deployment, host } from '../../supervisor/model/state.ts';
import type { Step } from '../../supervisor/model/step.ts';
import {
  bakeOf,
  brief,
  canaryOf,
  candidate,
  ending,
  now,
  record,
  release,
  retry,
  running,
  slot,
  spec,
  stable,
  view,
} from './build.ts';
import { mark, settle } from './fold.ts';

const hour = 3_600_000;
const minute = 60_000;

describe.each([-hour, hour, 8 * hour])('the clock is set by %i ms', (by) => {
  /** `now` is what it says after that: instants on record are of before. */
  const was = now - by;
  const after = mark(
    {
      retries: [retry('flip:rollback:a', was + 1000)],
      agents: [
        record('maker', { waitUntil: was + 5000, recent: [brief({ endedAt: was - 10 })] }),
        record('scout'),
      ],
      host: { lastTick: was - minute },
    },
    { mark: 'clock', by },
  );
  test('a retry waits as long as it was to wait', () => {
    expect(after.retries.get('flip:rollback:a')?.at).toBe(now + 1000);
  });
  test('so does an agent after failures, and a pause after a run', () => {
    expect(after.agents.get('maker')).toMatchObject({ waitUntil: now + 5000 });
    expect(after.agents.get('maker')?.recent[0]?.endedAt).toBe(now - 10);
    expect(after.agents.get('scout')?.waitUntil).toBe(0);
  });
  test('a canary has the time left that it had', () => {
    const canary = canaryOf('maker', { startedAt: was, deadline: was + 15 * minute });
    const cut = slot({ phase: 'canary', candidate: candidate('b'), canary });
    const moved = mark({ deployment: cut }, { mark: 'clock', by });
    expect(deployment(moved)?.canary).toMatchObject({ deadline: now + 15 * minute });
  });
  test('a bake is neither cut short nor longer', () => {
    const bake = bakeOf({ startedAt: was - minute });
    const cut = slot({ phase: 'baking', candidate: candidate('b'), bake });
    const moved = mark({ deployment: cut }, { mark: 'clock', by });
    expect(deployment(moved)?.bake?.startedAt).toBe(now - minute);
  });
  test('what is not there stays away', () => {
    expect(deployment(mark({}, { mark: 'clock', by }))).toBe(null);
    expect(host(mark({}, { mark: 'clock', by })).lastTick).toBe(null);
  });
});

describe('schedules, the clock an hour back', () => {
  // It is 12:00 for the second time.
  const next = (cron: string, at: number) => {
    const paths = { task: { cron, zone: 'UTC', next: at, missed: 0 } };
    const after = mark({ agents: [record('maker', { paths })] }, { mark: 'clock', by: -hour });
    return (after.agents.get('maker')?.paths.task?.next ?? 0) - now;
  };
  test.each<[string, string, number, (next: number) => boolean]>([
    ['every five minutes: not an hour without', '*/5 * * * *', 65, (at) => at <= 6 * minute],
    [
      'every hour: the firing that it had is not had again',
      '30 * * * *',
      90,
      (at) => at === 90 * minute,
    ],
    ['once a day: tomorrow, not twice today', '30 12 * * *', 1470, (at) => at === 1470 * minute],
  ])('%s', (_, cron, minutes, holds) => {
    expect(holds(next(cron, now + minutes * minute))).toBe(true);
  });
});

test('a run that ended just before the clock was set back did not end in the future', () => {
  const step: Step = { do: 'run', run: spec('r') };
  const ended = { of: 'ended' as const, ending: ending({ exit: 1 }), at: now + hour };
  const after = settle({ runs: [running('r')] }, step, ended);
  expect(after.agents.get('maker')?.recent[0]?.endedAt).toBe(now);
});

describe('order, the clock an hour back', () => {
  test('the newest stable release is the last that became so', () => {
    const rows = { releases: [stable('a', now + hour), release('b')] };
    const after = mark(rows, { mark: 'stable', proposal: null, release: 'b', reason: null });
    expect(stableReleases(after).map((one) => one.id)).toEqual(['b', 'a']);
  });
  test('an id of a second that was there before gets a number', () => {
    const drops = [{ agent: 'maker', name: 'x.patch', ready: true, readyAt: now }];
    const id = (repeats: number | null) => {
      const [step] = intake(view({ host: { repeats } }, { drops })).steps;
      return step?.do === 'seal' ? step.id : null;
    };
    expect(id(null)).toBe('20260105T120000Z-maker-x');
    expect(id(now + hour)).toBe('20260105T120000Z-maker-x-100-0');
  });
});
