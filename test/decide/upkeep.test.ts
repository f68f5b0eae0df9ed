import { describe, expect, test } from 'vitest';
import { schedules } from '../../supervisor/decide/due.ts';
import { expiries } from '../../supervisor/decide/expiries.ts';
import { retain } from '../../supervisor/decide/retain.ts';
import { nextWake } from '../../supervisor/decide/wake.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import type { Phase } from '../../supervisor/model/proposal.ts';
import type { RunPath } from '../../supervisor/model/runtime.ts';
import type { PathSchedule } from '../../supervisor/model/state.ts';
import {
  agent,
  at,
  bad,
  bakeOf,
  canaryOf,
  candidate,
  halt,
  now,
  pending,
  proposal,
  type Rows,
  record,
  release,
  retry,
  rollingBack,
  running,
  slot,
  stable,
  view,
} from './build.ts';
import { halted, table, unreadable } from './judge.ts';

const hour = 3_600_000;

describe('approvals that nobody gave, and what goes from memory', () => {
  const ended = (ms: number) => proposal('p', { phase: 'refused', endedAt: at(now - ms) });
  const waiting = (hours: number) =>
    proposal('p', { phase: 'awaiting-approval', phaseAt: at(now - hours * hour) });
  table(expiries, [
    ['in time', { proposals: [waiting(71)] }, {}, []],
    ['too late', { proposals: [waiting(72)] }, {}, ['end']],
    ['ended long ago', { proposals: [ended(2001)] }, {}, ['forget']],
    ['ended just now: its id is not free yet', { proposals: [ended(2000)] }, {}, []],
    [
      'its receipt is due',
      { proposals: [ended(9999)], receipts: [{ id: 'p', agent: 'maker' }] },
      {},
      [],
    ],
    [
      'its receipt is being written',
      {
        proposals: [ended(9999)],
        pending: [pending({ do: 'receipt', proposal: 'p', agent: 'maker' })],
      },
      {},
      [],
    ],
    ['it waits', { proposals: [proposal('p')] }, {}, []],
  ]);
});

describe('what is removed at the tick (the 10 newest are kept)', () => {
  const many = Array.from({ length: 13 }, (_, index) =>
    release(`r${index + 10}`, { createdAt: at(now - index) }),
  );
  const tick = { tick: true };
  const last = ['discard:release:r20', 'discard:release:r21', 'discard:release:r22'];
  const without = (name: string) => last.filter((key) => key !== `discard:release:${name}`);
  const file = (what: 'intake' | 'trace', days: number) => ({
    ...tick,
    kept: [{ what, id: 'x', at: now - days * 24 * hour - 1 }],
  });
  table(retain, [
    ['the oldest', { releases: many }, tick, last],
    ['only at the tick', { releases: many }, {}, []],
    ['not current', { releases: many, host: { current: 'r21' } }, tick, without('r21')],
    ['not what the link names', { releases: many }, { ...tick, current: 'r22' }, without('r22')],
    [
      'not what a run is on',
      { releases: many, runs: [running('x', { release: 'r20' })] },
      tick,
      without('r20'),
    ],
    [
      'not a base',
      { releases: many, proposals: [proposal('p', { base: 'r20' })] },
      tick,
      without('r20'),
    ],
    [
      'not a candidate that waits',
      { releases: many, proposals: [proposal('p', { release: 'r22' })] },
      tick,
      without('r22'),
    ],
    [
      'of ended ones',
      { releases: many, proposals: [proposal('p', { base: 'r20', phase: 'stable' })] },
      tick,
      last,
    ],
    [
      'not where a rollback goes',
      { releases: many, rollback: rollingBack({ to: 'r21' }) },
      tick,
      without('r21'),
    ],
    ['not while a change is on its way', { releases: many, deployment: slot() }, tick, []],
    [
      'not while something is staged',
      {
        releases: many,
        pending: [pending({ do: 'stage', proposal: 'p', base: 'a', onto: 'a', at: now })],
      },
      tick,
      [],
    ],
    [
      'not the two newest stable ones',
      {
        releases: [
          ...many.slice(0, 10),
          ...['x', 'y', 'z'].map((id, index) => stable(id, now - 9000 - index)),
        ],
      },
      tick,
      ['discard:release:z'],
    ],
    ['old intake', {}, file('intake', 30), ['discard:intake:x']],
    ['young intake', {}, file('intake', 29), []],
    ['intake of an open proposal', { proposals: [proposal('x')] }, file('intake', 99), []],
    ['old traces', {}, file('trace', 30), ['discard:trace:x']],
    ['the trace of a run that goes on', { runs: [running('x')] }, file('trace', 99), []],
  ]);
});

describe('schedules of current', () => {
  const own = (next: number, change: Partial<PathSchedule> = {}): PathSchedule => ({
    ...{ cron: '0 * * * *', zone: 'UTC', next, missed: 0 },
    ...change,
  });
  const both = (maker: PathSchedule, scout = own(now + 1)): Rows => ({
    agents: [
      record('maker', { paths: { task: maker } }),
      record('scout', { paths: { task: scout } }),
    ],
  });
  const only = (...agents: ReturnType<typeof agent>[]) => ({ agents: new Map([['a', agents]]) });
  const trying = slot({ phase: 'canary', candidate: candidate('b'), canary: canaryOf('maker') });
  table(schedules, [
    ['new ones are taken in', {}, {}, ['scheduled', 'scheduled']],
    ['none is due', both(own(now + 1)), {}, []],
    ['one is due', both(own(now)), {}, ['run maker']],
    [
      'both, the one that waited longer first',
      both(own(now - 1), own(now - 2)),
      {},
      ['run scout', 'run maker'],
    ],
    ['its agent runs already', { ...both(own(now)), runs: [running('x')] }, {}, []],
    [
      'no room',
      { ...both(own(now)), runs: [1, 2, 3, 4].map((id) => running(`${id}`, { agent: `x${id}` })) },
      {},
      [],
    ],
    ['halted: left out, and counted', both(own(now)), halted(halt('agent', 'maker')), ['missed']],
    ['unreadable switches: left out', both(own(now)), unreadable, ['missed']],
    ['lockdown: agents go on', both(own(now)), halted(halt('lockdown')), ['run maker']],
    ['another schedule', both(own(now, { cron: '5 * * * *' })), {}, ['scheduled']],
    ['another zone', both(own(now, { zone: 'Europe/Berlin' })), {}, ['scheduled']],
    ['it has none any more', both(own(now)), only(agent('scout')), ['unscheduled']],
    [
      'no model',
      both(own(now)),
      only(agent('maker', { model: 'dear' }), agent('scout')),
      ['missed'],
    ],
    [
      'the configuration cannot be read: nothing is forgotten',
      both(own(now)),
      { agents: new Map() },
      [],
    ],
    ['while stopping', both(own(now)), { stopping: true }, []],
    [
      'during a rollback from current',
      { ...both(own(now)), rollback: rollingBack({ from: 'a' }) },
      {},
      [],
    ],
    ['current is barred', { ...both(own(now)), releases: [release('a')], bad: [bad('a')] }, {}, []],
  ]);
  test.each<[string, Rows, Partial<Facts>, string, string]>([
    ['service on current', both(own(now)), {}, 'a', 'service'],
    ['the canary on the candidate', { ...both(own(now)), deployment: trying }, {}, 'b', 'canary'],
    [
      'nor during a rollback from elsewhere',
      { ...both(own(now)), deployment: trying, rollback: rollingBack({ from: 'z' }) },
      {},
      'a',
      'service',
    ],
    [
      'not under lockdown',
      { ...both(own(now)), deployment: trying },
      halted(halt('lockdown')),
      'a',
      'service',
    ],
  ])('a due run is %s', (_, rows, seen, where, kind) => {
    const [step] = schedules(view(rows, seen)).steps;
    expect(step?.do === 'run' && [step.run.release, step.run.kind]).toEqual([where, kind]);
  });
  test('one run an agent, though several of its paths are due', () => {
    const paths: Partial<Record<RunPath, PathSchedule>> = { task: own(now), drive: own(now - 1) };
    const busy = agent('maker', { schedule: { task: '0 * * * *', drive: '0 * * * *' } });
    const decision = schedules(view({ agents: [record('maker', { paths })] }, only(busy)));
    expect(decision.steps).toMatchObject([{ run: { path: 'drive' } }]);
  });
  test('starts missed while nothing could run are counted together', () => {
    const decision = schedules(view(both(own(now - 3 * hour)), halted(halt('host'))));
    expect(decision.marks).toMatchObject([{ mark: 'missed', agent: 'maker', missed: 4 }]);
  });
});

describe('when to look again', () => {
  const soon = (rows: Rows, seen: Partial<Facts> = {}) => {
    const wake = nextWake(view(rows, seen));
    return wake === null ? null : wake - now;
  };
  const bake = (change: object): Rows => ({
    deployment: slot({ phase: 'baking', bake: bakeOf(change) }),
  });
  const confirm = { suspect: 's', again: null, onStable: null, tries: 1, notBefore: now + 7 };
  const approval = { digest: 'd', by: 'ann', at: at(now - hour) };
  const given = (phase: Phase = 'received') => proposal('p', { phase, approval });
  test.each<[string, number | null, number | null]>([
    ['nothing is to come', soon({}), null],
    ['there was no time to look at all', soon({}, { unlooked: true }), 0],
    [
      'a drop settles',
      soon({}, { drops: [{ agent: 'a', name: 'n', ready: false, readyAt: now + 5 }] }),
      5,
    ],
    ['a retry', soon({ retries: [retry('k', now + 9)] }), 9],
    ['what is past does not wake', soon({ retries: [retry('k', now)] }), null],
    [
      'a schedule',
      soon({
        agents: [
          record('x', { paths: { task: { cron: '', zone: '', next: now + 3, missed: 0 } } }),
        ],
      }),
      3,
    ],
    ['a wait is over', soon({ agents: [record('x', { waitUntil: now + 4 })] }), 4],
    [
      'an approval expires',
      soon({ proposals: [proposal('p', { phase: 'awaiting-approval' })] }),
      72 * hour,
    ],
    ['one that was given does', soon({ proposals: [given('gating')] }), 71 * hour],
    ['in the queue it is looked at when its turn comes', soon({ proposals: [given()] }), null],
    [
      'the canary deadline',
      soon({ deployment: slot({ phase: 'canary', canary: canaryOf('m') }) }),
      900_000,
    ],
    ['the bake is over', soon(bake({ startedAt: now })), 900_000],
    ['a confirmation goes on', soon(bake({ startedAt: now, confirm })), 7],
    ['the earliest of all', soon({ retries: [retry('k', now + 9), retry('l', now + 2)] }), 2],
  ])('%s', (_, wake, expected) => expect(wake).toBe(expected));
});
