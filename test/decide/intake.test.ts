import { describe, expect, test } from 'vitest';
import { intake, judgeSealed, nextInQueue } from '../../supervisor/decide/intake.ts';
import type { Drop } from '../../supervisor/model/fact.ts';
import type { Proposal, Sealed } from '../../supervisor/model/proposal.ts';
import type { Step } from '../../supervisor/model/step.ts';
import {
  at,
  now,
  pending,
  policy,
  proposal,
  type Rows,
  record,
  release,
  retry,
  running,
  said,
  state,
  view,
} from './build.ts';

const drop = (name: string, change: Partial<Drop> = {}): Drop => ({
  ...{ agent: 'maker', name, ready: true, readyAt: now },
  ...change,
});
const seal = (name: string, id = 'x'): Step & { do: 'seal' } => ({
  ...{ do: 'seal', id, agent: 'maker', drop: name, run: null, at: now },
});
const ids = (drops: Drop[], rows: Rows = {}) =>
  intake(view(rows, { drops })).steps.map((step) => (step.do === 'seal' ? step.id : step.do));

describe('what is sealed', () => {
  const many = Array.from({ length: 100 }, (_, index) => drop(`d${index}.patch`));
  test.each<[string, Drop[], Rows, number]>([
    ['what is ready', [drop('a.patch'), drop('b.patch', { ready: false })], {}, 1],
    ['not what is being sealed', [drop('a.patch')], { pending: [pending(seal('a.patch'))] }, 0],
    ['32 of one agent at once', many, {}, 32],
    ['64 at once', [...many, ...many.map((one) => ({ ...one, agent: 'scout' }))], {}, 64],
    ['as much as there is room for', many, { pending: [pending(seal('other'))] }, 31],
  ])('%s', (_, drops, rows, count) => expect(ids(drops, rows)).toHaveLength(count));

  test('nothing while stopping', () => {
    expect(intake(view({}, { drops: [drop('a')], stopping: true })).steps).toEqual([]);
  });
  test('in the order in which they came', () => {
    const drops = [drop('b', { readyAt: 2 }), drop('c', { readyAt: 1 }), drop('a', { readyAt: 2 })];
    expect(said(intake(view({}, { drops })))).toEqual(
      ['c', 'a', 'b'].map((one) => `seal:maker/${one}`),
    );
  });
  test('no agent behind the flood of another', () => {
    const flood = many.map((one, index) => ({ ...one, readyAt: index }));
    const late = [drop('z', { agent: 'scout', readyAt: now }), drop('y', { agent: 'scout' })];
    const open = Array.from({ length: 60 }, (_, at) =>
      pending({ ...seal(`open${at}`), agent: at % 2 === 0 ? 'maker' : 'keeper' }),
    );
    expect(said(intake(view({ pending: open }, { drops: [...flood, ...late] })))).toEqual([
      ...['seal:scout/y', 'seal:scout/z', 'seal:maker/d0.patch', 'seal:maker/d1.patch'],
    ]);
  });
  test('with the run of its agent that was going on', () => {
    const [step] = intake(
      view({ runs: [running('r1', { release: 'b' })] }, { drops: [drop('a')] }),
    ).steps;
    expect(step).toMatchObject({ do: 'seal', run: { id: 'r1', release: 'b' }, at: now });
  });
  test('a seal that failed goes on with its own id, though the inbox is empty', () => {
    const retries = [retry('seal:maker/a', now, seal('a', 'first-id'))];
    expect(ids([], { retries })).toEqual(['first-id']);
    expect(ids([drop('a')], { retries })).toEqual(['first-id']);
    expect(ids([drop('a')], { retries: [retry('seal:maker/a', now + 1, seal('a'))] })).toEqual([]);
  });
});

describe('ids are UTC, agent and name, and never meet', () => {
  const stamp = '20260105T120000Z-maker';
  test.each<[string, Drop[], Rows, string[]]>([
    ['one', [drop('fix.patch')], {}, [`${stamp}-fix`]],
    ['a folder', [drop('fix')], {}, [`${stamp}-fix`]],
    [
      'two of one name at once',
      [drop('fix.patch'), drop('fix')],
      {},
      [`${stamp}-fix`, `${stamp}-fix-2`],
    ],
    [
      'the name is taken',
      [drop('fix')],
      { proposals: [proposal(`${stamp}-fix`)] },
      [`${stamp}-fix-2`],
    ],
    [
      'the name is being sealed',
      [drop('fix')],
      { pending: [pending(seal('fix.diff', `${stamp}-fix`))] },
      [`${stamp}-fix-2`],
    ],
    ['other characters', [drop('wörk it.tar.gz')], {}, [`${stamp}-w~f6~rk~20~it`]],
    ['a path in disguise', [drop('..')], {}, [`${stamp}-..`]],
  ])('%s', (_, drops, rows, expected) => expect(ids(drops, rows)).toEqual(expected));

  test('a withdrawal leaves no row: its id is of the journal position', () => {
    const [first] = ids([drop('a.withdraw')]);
    const [later] = ids([drop('a.withdraw')], { host: { counter: 101 } });
    expect(first).not.toBe(later);
    expect(first).toContain(`${stamp}-a.withdraw`);
  });
  test('long names stay short and different', () => {
    const [one, two] = ids([drop(`${'n'.repeat(250)}1`), drop(`${'n'.repeat(250)}2`)]);
    expect(one).not.toBe(two);
    expect(one?.length).toBeLessThan(140);
  });
});

describe('what is refused once it is sealed', () => {
  const sealed = (change: Partial<Sealed> = {}): Sealed => ({
    ...{ form: 'patch', title: 't', why: '', base: null, paths: ['app/x'], bytes: 1, sha256: '' },
    ...change,
  });
  const waiting = (count: number, change: Partial<Proposal> = {}) =>
    Array.from({ length: count }, (_, index) => proposal(`q${index}`, change));
  test.each<[string, Partial<Sealed>, Rows, string | null]>([
    ['nothing', {}, {}, null],
    ['outside of the runtime', { paths: ['smoke/x', 'app/x'] }, {}, 'path-outside'],
    ['no rule', { paths: ['config/x', 'kernel2/x'] }, {}, 'path-outside'],
    ['a base that is there', { base: 'b' }, { releases: [release('b')] }, null],
    ['a base that never was', { base: 'b' }, {}, 'unknown-base'],
    [
      'a base that is gone',
      { base: 'b' },
      { releases: [release('b', { removedAt: 'x' })] },
      'unknown-base',
    ],
    ['19 waiting', {}, { proposals: waiting(19) }, null],
    ['20 waiting', {}, { proposals: waiting(20) }, 'queue-full'],
    ["20 of another's", {}, { proposals: waiting(20, { proposer: 'scout' }) }, null],
    [
      '20 that wait for a human',
      {},
      { proposals: waiting(20, { phase: 'awaiting-approval' }) },
      null,
    ],
    [
      '20 that are over',
      {},
      { proposals: waiting(20, { phase: 'refused', endedAt: at(now) }) },
      null,
    ],
  ])('%s', (_, change, rows, code) => {
    const refused = judgeSealed(state(rows), policy().policy, 'maker', sealed(change));
    expect(refused?.code ?? null).toBe(code);
  });
  test('a path that no rule allows is named', () => {
    const { policy: strict } = policy({ permissions: [{ paths: ['app/**'] }] });
    const refused = judgeSealed(state(), strict, 'maker', sealed({ paths: ['app/x', 'config/y'] }));
    expect(refused).toMatchObject({ code: 'path-not-allowed', input: 'config/y' });
  });
});

describe('who gets the slot next', () => {
  const of = (id: string, proposer: string, second: number, change: Partial<Proposal> = {}) =>
    proposal(id, { proposer, receivedAt: at(now + second * 1000), ...change });
  const yes = { digest: '', by: 'ann', at: '' };
  test.each<[string, Rows, string | null]>([
    ['nobody waits', {}, null],
    ['the first that came', { proposals: [of('p2', 'maker', 2), of('p1', 'maker', 1)] }, 'p1'],
    [
      'at the same instant: by id',
      { proposals: [of('p2', 'maker', 1), of('p1', 'maker', 1)] },
      'p1',
    ],
    [
      'who waited longest for a turn, though it came later',
      {
        proposals: [of('p1', 'maker', 1), of('p2', 'scout', 2)],
        agents: [record('maker', { lastTurn: 9 }), record('scout', { lastTurn: 3 })],
      },
      'p2',
    ],
    [
      'who never had one',
      {
        proposals: [of('p1', 'maker', 1), of('p2', 'scout', 2)],
        agents: [record('maker', { lastTurn: 1 })],
      },
      'p2',
    ],
    [
      'not what is held',
      { proposals: [of('p1', 'maker', 1, { held: true }), of('p2', 'maker', 2)] },
      'p2',
    ],
    [
      'not who must wait after failures',
      {
        proposals: [of('p1', 'maker', 1), of('p2', 'scout', 2)],
        agents: [record('maker', { waitUntil: now + 1 })],
      },
      'p2',
    ],
    [
      'who has waited enough',
      { proposals: [of('p1', 'maker', 1)], agents: [record('maker', { waitUntil: now })] },
      'p1',
    ],
    [
      'an approved one first',
      { proposals: [of('p1', 'maker', 1), of('p2', 'maker', 2, { approval: yes })] },
      'p2',
    ],
    [
      'nobody before an older drop is sealed',
      {
        proposals: [of('p1', 'maker', 1), of('p2', 'scout', 3)],
        pending: [pending({ ...seal('x'), at: now + 2000 })],
        agents: [record('maker', { lastTurn: 9 })],
      },
      'p1',
    ],
    [
      'only what is received',
      { proposals: [of('p1', 'maker', 1, { phase: 'awaiting-approval' })] },
      null,
    ],
  ])('%s', (_, rows, expected) => expect(nextInQueue(view(rows))).toBe(expected));
});

test('no drop, no step', () => expect(said(intake(view()))).toEqual([]));
