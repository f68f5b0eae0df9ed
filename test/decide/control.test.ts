import { describe, expect, test } from 'vitest';
import { news } from '../../supervisor/decide/news.ts';
import { next } from '../../supervisor/decide/next.ts';
import { recover } from '../../supervisor/decide/recover.ts';
import { replies } from '../../supervisor/decide/replies.ts';
import { stops } from '../../supervisor/decide/stops.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import type { Step } from '../../supervisor/model/step.ts';
import {
  bad,
  bakeOf,
  canaryOf,
  candidate,
  halt,
  now,
  pending,
  policy,
  proposal,
  type Rows,
  release,
  rollingBack,
  running,
  said,
  slot,
  spec,
  stable,
  view,
} from './build.ts';
import { halted, table, unreadable } from './judge.ts';

describe('recovery: what a crash cut off', () => {
  const seal: Step = { do: 'seal', id: 'x', agent: 'maker', drop: 'd', run: null, at: now };
  const run: Step = { do: 'run', run: spec('r') };
  const gone: Step = { do: 'discard', what: 'release', id: 'a' };
  table(recover, [
    ['nothing was', {}, {}, []],
    [
      'what is under way goes on',
      { pending: [pending(seal)] },
      { underway: new Set(['seal:maker/d']) },
      [],
    ],
    ['a step is repeated', { pending: [pending(seal)] }, {}, ['seal:maker/d']],
    ['a run is interrupted', { pending: [pending(run)] }, {}, ['interrupted']],
    ['runs first', { pending: [pending(seal), pending(run)] }, {}, ['interrupted']],
    ['not the removal of what current names', { pending: [pending(gone)] }, { current: 'a' }, []],
    [
      'once it names another',
      { pending: [pending(gone)] },
      { current: 'b' },
      ['discard:release:a'],
    ],
  ]);
  test('a run that was cut off keeps what it spent', () => {
    const rows = { pending: [pending(run)] };
    const cut = recover(view(rows, { spent: new Map([['r', 0.25]]) })).marks;
    expect(cut).toEqual([expect.objectContaining({ mark: 'interrupted', run: 'r', usd: 0.25 })]);
  });
  test('a repeated seal keeps its id', () => {
    expect(recover(view({ pending: [pending(seal)] })).steps).toEqual([seal]);
  });
});

describe('what must stop', () => {
  const on = (release: string, change: object = {}) => ({
    runs: [running('r', { release, ...change })],
  });
  const cut = slot({ phase: 'canary', candidate: candidate('b'), canary: canaryOf('maker') });
  table(stops, [
    ['nothing', on('a'), {}, []],
    ['the host is halted', on('a'), halted(halt('host')), ['stop:r']],
    ['its agent', on('a'), halted(halt('agent', 'maker')), ['stop:r']],
    ['another agent', on('a'), halted(halt('agent', 'scout')), []],
    ['its tenant', on('a'), halted(halt('tenant', 'default')), ['stop:r']],
    ['the run itself', on('a'), halted(halt('run', 'r')), ['stop:r']],
    ['lockdown stops no run', on('a'), halted(halt('lockdown')), []],
    ['the switches cannot be read', on('a'), unreadable, ['stop:r']],
    [
      'a bad release that was left',
      { ...on('b'), releases: [release('b')], bad: [bad('b')] },
      {},
      ['stop:r'],
    ],
    ['an old release that is not bad', { ...on('b'), releases: [release('b')] }, {}, []],
    ['a canary whose deployment has ended', on('b', { kind: 'canary' }), {}, ['stop:r']],
    ['a canary that goes on', { ...on('b', { kind: 'canary' }), deployment: cut }, {}, []],
    [
      'a canary that became current',
      { ...on('b', { kind: 'canary' }), host: { current: 'b' } },
      {},
      [],
    ],
    [
      'a rerun whose bake is over',
      { ...on('b', { kind: 'confirm', deployment: 'p' }), releases: [release('b')] },
      {},
      ['stop:r'],
    ],
    [
      'a rerun while it bakes',
      {
        ...on('b', { kind: 'confirm', deployment: 'p' }),
        deployment: slot({ phase: 'baking', candidate: candidate('z'), bake: bakeOf() }),
      },
      {},
      [],
    ],
    [
      'it is being stopped',
      { ...on('a'), pending: [pending({ do: 'stop', run: 'r', why: 'halt' })] },
      halted(halt('host')),
      [],
    ],
  ]);
});

describe('what is cancelled', () => {
  const staging: Step = { do: 'stage', proposal: 'p', base: 'a', onto: 'a', at: now };
  const work: Step[] = [
    { do: 'deps', release: 'b', digest: 'd' },
    { do: 'build', proposal: 'p', release: 'b' },
    { do: 'smoke', proposal: 'p', release: 'b', current: 'a', proven: null },
  ];
  const all = [staging, ...work].map((step) => pending(step));
  const keys = ['stage:p', 'deps:b', 'build:b', 'smoke:b'].map((key) => `cancel:${key}`);
  const gating = slot({ phase: 'gating', candidate: candidate('b') });
  const at = (phase: 'staging' | 'gating') => ({
    pending: phase === 'staging' ? all.slice(0, 1) : all.slice(1),
    deployment: phase === 'staging' ? slot() : gating,
  });
  table(stops, [
    ['its deployment has ended', { pending: all }, {}, keys],
    ['it is staged', at('staging'), {}, []],
    ['it is gated', at('gating'), {}, []],
    ['another has the slot', { pending: all, deployment: slot({ proposal: 'q' }) }, {}, keys],
    [
      'another that has the same content goes on with it',
      { ...at('gating'), deployment: { ...gating, proposal: 'q' } },
      {},
      [],
    ],
    ['lockdown', at('gating'), halted(halt('lockdown')), keys.slice(1)],
    ['the host is halted: the rehearsal', at('gating'), halted(halt('host')), keys.slice(3)],
    ['not for an agent that is', at('gating'), halted(halt('agent', 'maker')), []],
    ['nor is the host that stages', at('staging'), halted(halt('host')), []],
    ['a rollback', { ...at('gating'), rollback: rollingBack() }, {}, keys.slice(1)],
    [
      'not twice',
      { pending: [...all.slice(0, 1), pending({ do: 'cancel', key: 'stage:p' })] },
      {},
      [],
    ],
  ]);
});

describe('replies', () => {
  const answer = { ok: true, exit: 0, message: '', reason: null, data: null };
  const notice = { id: '7', event: 'refused', at: now, subject: 'p', reason: null };
  table(replies, [
    ['nobody waits', {}, {}, []],
    ['an answer', { answers: [{ id: 'r', at: now, answer, told: false }] }, {}, ['answer:r']],
    ['a receipt', { receipts: [{ id: 'p', agent: 'maker' }] }, {}, ['receipt:p']],
    ['a notice', { notices: [notice] }, {}, ['notify:7']],
    [
      'not twice at a time',
      { notices: [notice], pending: [pending({ do: 'notify', notice })] },
      {},
      [],
    ],
    [
      'a told answer whose file is there',
      { answers: [{ id: 'r', at: now, answer, told: true }] },
      { requestFiles: new Set(['r']) },
      [],
    ],
    [
      'its file is gone',
      { answers: [{ id: 'r', at: now, answer, told: true }] },
      {},
      ['forget-answer'],
    ],
    [
      'untold, its file is gone',
      { answers: [{ id: 'r', at: now, answer, told: false }] },
      {},
      ['answer:r'],
    ],
  ]);
});

describe('news', () => {
  const names = (...switches: string[]): Rows => ({ host: { switches } });
  table(news, [
    ['none', {}, {}, []],
    ['the tick', {}, { tick: true }, ['tick']],
    ['once an instant', { host: { lastTick: now } }, { tick: true }, []],
    ['another policy', { host: { policy: 'old' } }, {}, ['policy']],
    ['a halt', {}, halted(halt('agent', 'maker')), ['switches']],
    ['still on', names('agent.maker'), halted(halt('agent', 'maker')), []],
    ['lifted', names('agent.maker'), {}, ['switches']],
    ['unreadable', {}, unreadable, ['switches']],
    ['still unreadable', names('unreadable'), unreadable, []],
  ]);
});

test('control stands before everything: a rollback is decided before requests and deployments', () => {
  const rows: Rows = {
    rollback: rollingBack({ from: 'a', to: 'b' }),
    releases: [stable('a', 1), stable('b', 2)],
    proposals: [proposal('p')],
  };
  const seen: Partial<Facts> = {
    requests: [{ id: 'r', by: 'x', request: { verb: 'abort', reason: '' }, fault: null }],
    drops: [{ agent: 'maker', name: 'd', ready: true, readyAt: 0 }],
  };
  expect(said(next(view(rows, seen, { policy: policy() })))).toEqual(['flip:rollback:b']);
});
