import { describe, expect, test } from 'vitest';
import { currentMoved, rollbackTarget, rollingBack } from '../../supervisor/decide/rollback.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import type { Mark } from '../../supervisor/model/mark.ts';
import { host } from '../../supervisor/model/state.ts';
import type { Step } from '../../supervisor/model/step.ts';
import {
  bad,
  candidate,
  now,
  pending,
  policy,
  type Rows,
  release,
  retry,
  rollingBack as row,
  said,
  slot,
  stable,
  state,
  view,
} from './build.ts';
import { mark } from './fold.ts';

const older = [stable('a', now - 3000), stable('b', now - 2000), stable('c', now - 1000)];
const torn = (id: string) =>
  stable(id, now, { damaged: { at: 'x', message: 'a file is missing' } });
const removing: Step = { do: 'discard', what: 'release', id: 'c' };

describe('the newest stable release other than current', () => {
  test.each<[string, Rows, string | null]>([
    ['current is stable: the one before', { releases: older, host: { current: 'c' } }, 'b'],
    [
      'current is not stable: the newest',
      { releases: [...older, release('d')], host: { current: 'd' } },
      'c',
    ],
    [
      'current was gone back to: the one before it',
      { releases: older, host: { current: 'b' } },
      'a',
    ],
    ['there is none before it: the newest', { releases: older, host: { current: 'a' } }, 'c'],
    ['the newest is bad', { releases: older, bad: [bad('c')], host: { current: 'a' } }, 'b'],
    [
      'the newest is gone',
      {
        releases: [...older.slice(0, 2), stable('c', now, { removedAt: 'x' })],
        host: { current: 'a' },
      },
      'b',
    ],
    [
      'the newest is being removed',
      { releases: older, pending: [pending(removing)], host: { current: 'a' } },
      'b',
    ],
    [
      'its removal failed halfway',
      { releases: older, retries: [retry('discard:release:c', now)], host: { current: 'a' } },
      'b',
    ],
    [
      'the same content is no other release',
      {
        releases: [older[0], stable('x', now, { digest: older[0]?.digest })].filter(
          (one) => one !== undefined,
        ),
        host: { current: 'a' },
      },
      null,
    ],
    [
      'never canaried ones do not count',
      {
        releases: [older[0], release('d')].filter((one) => one !== undefined),
        host: { current: 'a' },
      },
      null,
    ],
    [
      'the newest turned out damaged',
      { releases: [...older.slice(0, 2), torn('c')], host: { current: 'a' } },
      'b',
    ],
    ['none is left', { releases: older.slice(0, 1), host: { current: 'a' } }, null],
  ])('%s', (_, rows, expected) => expect(rollbackTarget(state(rows))).toBe(expected));
});

describe('a rollback under way', () => {
  const flip: Step = { do: 'flip', to: 'b', from: 'a', why: 'promote' };
  const back: Step = { do: 'flip', to: 'a', from: null, why: 'rollback' };
  const busy: Step[] = [
    { do: 'stage', proposal: 'p', base: 'a', onto: 'a', at: now },
    { do: 'build', proposal: 'p', release: 'b' },
    { do: 'smoke', proposal: 'p', release: 'b', current: 'a', proven: null },
  ];
  test.each<[string, Rows, string[]]>([
    ['none', {}, []],
    ['flips at once', { rollback: row() }, ['flip:rollback:a']],
    [
      'whatever else is going on',
      { rollback: row(), pending: busy.map((one) => pending(one)) },
      ['flip:rollback:a'],
    ],
    ['is flipping already', { rollback: row(), pending: [pending(back)] }, []],
    [
      'lets a promotion end, whose flip has begun',
      { rollback: row(), pending: [pending(flip)] },
      [],
    ],
    [
      'could not flip: a little later',
      { rollback: row(), retries: [retry('flip:rollback:a', now + 1)] },
      [],
    ],
    [
      'and then again',
      { rollback: row(), retries: [retry('flip:rollback:a', now)] },
      ['flip:rollback:a'],
    ],
    ['nowhere to go: the host is halted', { rollback: row({ to: null }) }, ['halt:host']],
  ])('%s', (_, rows, expected) => expect(said(rollingBack(view(rows)))).toEqual(expected));
});

describe('current is not what the journal says', () => {
  const rows: Rows = { releases: [...older, release('d')] };
  const hurt: Rows = { releases: [torn('a'), ...older.slice(1)] };
  const back = (id: string) => ['current-moved', `flip:rollback:${id}`];
  const promoting = slot({ phase: 'promoting', candidate: candidate('d') });
  test.each<[string, Rows, Partial<Facts>, string[]]>([
    ['it is', rows, { current: 'a' }, []],
    ['there is no first release yet', { ...rows, host: { current: null } }, { current: null }, []],
    ['moved to a release that may be', rows, { current: 'b' }, ['current-moved']],
    ['even to one that was never stable', rows, { current: 'd' }, ['current-moved']],
    ['the link is gone', rows, { current: null }, ['current-moved', 'flip:rollback:a']],
    ['moved to nowhere', rows, { current: 'zzz' }, ['current-moved', 'flip:rollback:a']],
    [
      'moved to a bad one',
      { ...rows, bad: [bad('b')] },
      { current: 'b' },
      ['current-moved', 'flip:rollback:a'],
    ],
    [
      'moved to one that is being removed',
      { ...rows, pending: [pending(removing)] },
      { current: 'c' },
      ['current-moved', 'flip:rollback:a'],
    ],
    [
      'gone, and where it was is bad',
      { ...rows, bad: [bad('a')] },
      { current: null },
      ['current-moved', 'flip:rollback:c'],
    ],
    ['moved to a damaged one', { releases: [...older, torn('e')] }, { current: 'e' }, back('a')],
    ['gone, and where it was is damaged', hurt, { current: null }, back('c')],
    ['gone, damaged, and nothing else is left', { releases: [torn('a')] }, { current: null }, []],
    [
      'a flip is under way',
      { ...rows, pending: [pending({ do: 'flip', to: 'b', from: 'a', why: 'promote' })] },
      { current: 'b' },
      [],
    ],
    ['a promotion tries again', { ...rows, deployment: promoting }, { current: 'd' }, []],
    ['a rollback is under way', { ...rows, rollback: row() }, { current: 'b' }, []],
    [
      'what is tried again was said before',
      { ...rows, retries: [retry('flip:rollback:a', now)] },
      { current: null },
      ['flip:rollback:a'],
    ],
    [
      'and is not tried before its time',
      { ...rows, retries: [retry('flip:rollback:a', now + 1)] },
      { current: null },
      [],
    ],
  ])('%s', (_, given, seen, expected) => {
    expect(said(currentMoved(view(given, seen)))).toEqual(expected);
  });

  test.each<[string, Rows, string | null]>([
    ['barred', { ...rows, bad: [bad('b')] }, 'b'],
    ['damaged', { releases: [...older, torn('e')] }, 'e'],
    ['removed', { ...rows, pending: [pending(removing)] }, 'c'],
    ['no such release', rows, 'zzz'],
    ['leads to no release', rows, null],
  ])('a link set right says who, from, to and why not: %s', (why, given, current) => {
    const { marks } = currentMoved(view(given, { current }));
    const back = { to: 'a', because: expect.stringContaining(why) };
    const told = { mark: 'current-moved', release: current, was: 'a', by: 'unknown', back };
    expect(marks).toEqual([told]);
  });

  test('and people are told, and the journal still knows where it belongs', () => {
    const rows = { releases: older, bad: [bad('b')] };
    const [told] = currentMoved(view(rows, { current: 'b' })).marks;
    const after = mark(rows, told as Mark, policy({ notify: { command: ['tell'] } }));
    expect(host(after).current).toBe('a');
    const reason = { code: 'current-moved', actual: 'b', cause: 'this release is barred' };
    expect([...after.notices.values()]).toMatchObject([{ event: 'current-moved', reason }]);
  });
});
