import { describe, expect, test } from 'vitest';
import { requests } from '../../supervisor/decide/requests.ts';
import type { DeploymentPhase } from '../../supervisor/model/deployment.ts';
import type { Facts, SeenRequest } from '../../supervisor/model/fact.ts';
import { type Phase, phases } from '../../supervisor/model/proposal.ts';
import type { Request, Verb } from '../../supervisor/model/request.ts';
import {
  agent,
  at,
  bad,
  because,
  digest,
  halt,
  now,
  pending,
  proposal,
  type Rows,
  release,
  rollingBack,
  running,
  slot,
  stable,
  view,
} from './build.ts';
import { held } from './fold.ts';

const file = (request: Request, id = 'r'): SeenRequest => ({ id, by: 'ann', request, fault: null });

/** What a request comes to: its answer, and the other judgments and steps in order. */
function ask(request: Request, rows: Rows = {}, seen: Partial<Facts> = {}): string {
  const { marks, steps } = requests(view(rows, { requests: [file(request)], ...seen }));
  const said = marks.flatMap((one) => {
    if (one.mark !== 'answered') return [one.mark];
    return one.answer.ok ? [] : [`${one.answer.reason?.code}/${one.answer.exit}`];
  });
  return [...said, ...steps.map((step) => step.do)].join(' ') || 'done';
}

/** The world in which proposal `p` is in a phase, with `b` as its candidate. */
function inPhase(phase: Phase): Rows {
  const staged = !['received', 'staging'].includes(phase);
  const row = proposal('p', { phase, ...(staged ? { release: 'b', digest: digest('b') } : {}) });
  const own = phase in held ? held[phase as DeploymentPhase] : undefined;
  const releases = [stable('a', now - 1000), stable('z', now - 2000), release('b')];
  const common: Rows = { proposals: [row], releases };
  if (own === undefined) return common;
  const host = { current: phase === 'baking' ? 'b' : 'a' };
  return { ...common, host, deployment: slot({ ...own, phase: phase as DeploymentPhase }) };
}

const wrong = 'wrong-phase/3';
const asked: Record<
  Exclude<Verb, 'unbar' | 'run' | 'cancel' | 'acknowledge' | 'policy-apply' | 'policy-rollback'>,
  Request
> = {
  approve: { verb: 'approve', proposal: 'p', digest: 'bbbbbbbb' },
  reject: { verb: 'reject', proposal: 'p', reason: 'no' },
  withdraw: { verb: 'withdraw', proposal: 'p' },
  promote: { verb: 'promote', proposal: 'p', reason: 'yes' },
  abort: { verb: 'abort', reason: '' },
  rollback: { verb: 'rollback', to: null, keep: false, reason: '', flipped: null },
};
type Asked = keyof typeof asked;

/** Each verb in each phase: everything that is not said here is refused as out of phase. */
const table: Record<Asked, Partial<Record<Phase, string>>> = {
  approve: { 'awaiting-approval': 'approved' },
  reject: { received: 'end', 'awaiting-approval': 'end' },
  withdraw: {
    received: 'end',
    staging: 'end',
    gating: 'end',
    'awaiting-approval': 'end',
    canary: 'end',
  },
  promote: { canary: 'promote' },
  abort: { staging: 'end', gating: 'end', canary: 'end', baking: 'rollback' },
  // From every phase.
  rollback: Object.fromEntries(Object.keys(phases).map((phase) => [phase, 'rollback'])),
};

describe.each(Object.keys(asked) as Asked[])('%s', (verb) => {
  test.each(Object.keys(phases) as Phase[])('in phase %s', (phase) => {
    expect(ask(asked[verb], inPhase(phase))).toBe(table[verb][phase] ?? wrong);
  });
});

const ended = (request: Request, phase: Phase) => {
  const { marks } = requests(view(inPhase(phase), { requests: [file(request)] }));
  const end = marks.find((one) => one.mark === 'end');
  return end?.mark === 'end' ? `${end.phase} ${end.reason.code} bad ${end.bad}` : 'nothing';
};

test.each<[Asked, Phase, string]>([
  ['reject', 'awaiting-approval', 'refused rejected bad false'],
  ['withdraw', 'canary', 'withdrawn withdrawn bad false'],
  ['abort', 'staging', 'refused operator-abort bad false'],
  ['abort', 'gating', 'refused operator-abort bad false'],
  ['abort', 'canary', 'aborted operator-abort bad false'],
])('%s in %s ends it as %s', (verb, phase, expected) => {
  expect(ended(asked[verb], phase)).toBe(expected);
});

describe('where a rollback goes and what it leaves behind', () => {
  const mark = (request: Request, rows: Rows) =>
    requests(view(rows, { requests: [file(request)] })).marks.find(
      (one) => one.mark === 'rollback',
    );
  const to = (id: string | null, more: object = {}): Request => ({
    ...{ verb: 'rollback', to: id, keep: false, reason: '', flipped: null },
    ...more,
  });
  test.each<[string, Request, Phase, object]>([
    [
      'current is stable: the one before',
      to(null),
      'received',
      { from: 'a', to: 'z', bad: true, clear: false },
    ],
    ['current bakes: the last stable one', to(null), 'baking', { from: 'b', to: 'a', bad: true }],
    ['kept', to(null, { keep: true }), 'baking', { from: 'b', to: 'a', bad: false }],
    ['named: the operator vouches for it', to('z'), 'baking', { from: 'b', to: 'z', clear: true }],
    ['one that never passed', to('b'), 'received', { from: 'a', to: 'b', clear: true }],
    ['an abort bars nothing', asked.abort, 'baking', { from: 'b', to: 'a', bad: false }],
    [
      'the glass was broken: it has flipped already',
      to('z', { flipped: { from: 'b', to: 'z' } }),
      'baking',
      { from: 'b', to: 'z', bad: true, clear: true },
    ],
    [
      'and the journal knows of it already',
      to('a', { flipped: { from: 'b', to: 'a' } }),
      'received',
      { from: 'b', to: 'a', bad: true },
    ],
  ])('%s', (_, request, phase, expected) => {
    expect(mark(request, inPhase(phase))).toMatchObject({ request: 'r', by: 'ann', ...expected });
  });
  test('to one that was damaged: it may have been mended, so it is tried once more', () => {
    const damaged = { at: 'then', message: 'a file is missing' };
    const rows = { releases: [release('a'), release('x', { damaged })] };
    expect(mark(to('x'), rows)).toMatchObject({ from: 'a', to: 'x', clear: true });
  });

  test.each<[string, Request, Rows, string]>([
    ['to nowhere', to('nothing'), inPhase('received'), 'not-found/3'],
    ['to current', to('a'), inPhase('received'), wrong],
    [
      'to one whose folder is gone',
      to('x'),
      { releases: [release('x', { removedAt: 'then' })] },
      'not-found/3',
    ],
    [
      'to one that is being removed',
      to('x'),
      { releases: [release('x')], pending: [pending({ do: 'discard', what: 'release', id: 'x' })] },
      'not-found/3',
    ],
    ['during another one', to('z'), { ...inPhase('baking'), rollback: rollingBack() }, wrong],
    ['before the first release', to(null), { host: { current: null } }, wrong],
  ])('refused: %s', (_, request, rows, expected) => expect(ask(request, rows)).toBe(expected));
});

describe('an approval is bound to what was shown', () => {
  const approve = (prefix: string): Request => ({ verb: 'approve', proposal: 'p', digest: prefix });
  const held = (change: object) => ({ proposals: [proposal('p', { held: true, ...change })] });
  // Seen at one look with the end of its time, as after days without a daemon.
  const asked = { held: false, phase: 'awaiting-approval', digest: digest('b') };
  const waited = (hours: number) => held({ ...asked, phaseAt: at(now - hours * 3_600_000) });
  test.each<[string, Request, Rows, string]>([
    ['another digest', approve('cccccccc'), inPhase('awaiting-approval'), 'wrong-digest/3'],
    ['the whole digest', approve(digest('b')), inPhase('awaiting-approval'), 'approved'],
    ['in time', approve(digest('b')), waited(71), 'approved'],
    ['too late', approve(digest('b')), waited(72), 'approval-expired/3'],
    ['an unknown proposal', approve('bbbbbbbb'), {}, 'not-found/3'],
    ['a held one that was never staged', approve('99999999'), held({}), 'unheld'],
    ['a held one, by what it was not', approve('bbbbbbbb'), held({}), 'wrong-digest/3'],
    ['a held one that has ended', approve('99999999'), held({ phase: 'withdrawn' }), wrong],
    ['a held one that was staged', approve('bbbbbbbb'), held({ digest: digest('b') }), 'unheld'],
  ])('%s', (_, request, rows, expected) => expect(ask(request, rows)).toBe(expected));
});

test.each<[string, Request, Rows, Partial<Facts>, string]>([
  [
    'acknowledge what was found',
    { verb: 'acknowledge', reason: '' },
    { host: { journal: { at: 1, what: 'broken', found: ['entry 3'], aside: null } } },
    {},
    'journal-known',
  ],
  ['acknowledge nothing', { verb: 'acknowledge', reason: '' }, {}, {}, wrong],
  [
    'unbar one',
    { verb: 'unbar', digest: 'bbbbbbb', reason: '' },
    { bad: [bad('b')] },
    {},
    'unbarred',
  ],
  [
    'unbar what is not bad',
    { verb: 'unbar', digest: 'ccccccc', reason: '' },
    { bad: [bad('b')] },
    {},
    'not-found/3',
  ],
  [
    'unbar by a prefix of two',
    { verb: 'unbar', digest: 'bbbbbb', reason: '' },
    { bad: [bad('b'), { ...bad('b'), digest: `${'b'.repeat(63)}c` }] },
    {},
    'not-found/3',
  ],
  ['run', { verb: 'run', agent: 'maker', path: null }, {}, {}, 'run'],
  [
    'run one that runs',
    { verb: 'run', agent: 'maker', path: null },
    { runs: [running('x')] },
    {},
    wrong,
  ],
  ['run nobody', { verb: 'run', agent: 'ghost', path: null }, {}, {}, 'not-found/3'],
  [
    'run a halted one',
    { verb: 'run', agent: 'maker', path: null },
    {},
    { switches: { readable: true, halts: [halt('agent', 'maker')] } },
    'halted/3',
  ],
  [
    'run when the switches cannot be read',
    { verb: 'run', agent: 'maker', path: null },
    {},
    { switches: { readable: false, halts: [], cause: 'EIO' } },
    'halted/3',
  ],
  [
    'run one without a model',
    { verb: 'run', agent: 'maker', path: null },
    {},
    { agents: new Map([['a', [agent('maker', { model: 'dear' })]]]) },
    'no-model/3',
  ],
  [
    'run one whose spend of the day nobody knows',
    { verb: 'run', agent: 'maker', path: null },
    { host: { journal: { what: 'rebuilt', at: now, found: [], aside: null, unknownSpend: null } } },
    { agents: new Map([['a', [agent('maker', { budget: { day: 1 } })]]]) },
    'budget-exhausted/3',
  ],
  [
    'run while stopping',
    { verb: 'run', agent: 'maker', path: null },
    {},
    { stopping: true },
    'not-running/3',
  ],
  [
    'run on a barred release',
    { verb: 'run', agent: 'maker', path: null },
    { releases: [release('a')], bad: [bad('a')] },
    {},
    'known-bad/3',
  ],
  ['cancel', { verb: 'cancel', run: 'x' }, { runs: [running('x')] }, {}, 'stop'],
  [
    'cancel what is being stopped',
    { verb: 'cancel', run: 'x' },
    { runs: [running('x')], pending: [pending({ do: 'stop', run: 'x', why: 'halt' })] },
    {},
    'done',
  ],
  ['cancel what is over', { verb: 'cancel', run: 'x' }, {}, {}, 'not-found/3'],
])('%s', (_, request, rows, seen, expected) => expect(ask(request, rows, seen)).toBe(expected));

describe('each is answered once', () => {
  const abort = file({ verb: 'abort', reason: '' });
  const answer = { ok: true, exit: 0, message: '', reason: null, data: null };
  test('oldest first, one at a time', () => {
    const other = file({ verb: 'cancel', run: 'x' }, 'r2');
    const { marks } = requests(view({}, { requests: [abort, other] }));
    expect(marks).toMatchObject([{ mark: 'answered', request: 'r', by: 'ann', verb: 'abort' }]);
  });
  test.each<[string, SeenRequest, Rows]>([
    [
      'answered, its answer not written yet',
      abort,
      { answers: [{ id: 'r', at: now, answer, told: false }] },
    ],
    [
      'the rollback that it asked for is under way',
      abort,
      { rollback: rollingBack({ request: 'r' }) },
    ],
    [
      'a rollback while current is being moved: in a moment',
      file(asked.rollback),
      { pending: [pending({ do: 'flip', to: 'b', from: 'a', why: 'promote' })] },
    ],
  ])('%s: nothing', (_, request, rows) => {
    expect(requests(view(rows, { requests: [request] }))).toEqual({ marks: [], steps: [] });
  });
  test.each([
    ['bad-request', 3],
    ['usage', 2],
  ] as const)('one that cannot be read is told %s with exit %i', (code, exit) => {
    const broken: SeenRequest = { id: 'r', by: 'ann', request: null, fault: because(code) };
    const { marks } = requests(view({}, { requests: [broken] }));
    expect(marks).toMatchObject([{ answer: { ok: false, exit, reason: { code } } }]);
  });
});

describe('an approval is used once', () => {
  const approval = { digest: digest('b'), by: 'bob', at: '' };
  const used = proposal('p', { phase: 'received', release: 'b', digest: digest('b'), approval });
  const later = proposal('q', { phase: 'awaiting-approval', release: 'b', digest: digest('b') });
  test('a copy of its request approves nothing more, not what has the same digest either', () => {
    const copy = file(asked.approve, 'copy');
    const { marks } = requests(view({ proposals: [used, later] }, { requests: [copy] }));
    expect(marks).toMatchObject([
      { mark: 'answered', request: 'copy', answer: { ok: false, reason: { code: 'wrong-phase' } } },
    ]);
  });
});
