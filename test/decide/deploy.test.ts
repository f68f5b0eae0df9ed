import { describe, expect, test } from 'vitest';
import { deploy } from '../../supervisor/decide/flow/deploy.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import type { GateResult } from '../../supervisor/model/proposal.ts';
import type { Step } from '../../supervisor/model/step.ts';
import {
  agent,
  bad,
  bakeOf,
  brief,
  canaryOf,
  candidate,
  digest,
  failure,
  gate,
  halt,
  now,
  pending,
  policy,
  proposal,
  type Rows,
  record,
  release,
  rollingBack,
  running,
  said,
  slot,
  stable,
  at as timeOf,
  view,
} from './build.ts';

const all = (['policy', 'config', 'build', 'smoke'] as const).map((name) => gate(name));
const lockdown: Partial<Facts> = { switches: { readable: true, halts: [halt('lockdown')] } };
const unreadable: Partial<Facts> = { switches: { readable: false, halts: [], cause: 'EIO' } };
const hostHalt: Partial<Facts> = { switches: { readable: true, halts: [halt('host')] } };
const releases = [stable('a', now - 1000), release('b', { parent: 'a' })];
const hour = 3_600_000;
const waits: Rows = { releases, proposals: [proposal('p')] };
const removing: Step = { do: 'discard', what: 'release', id: 'z' };

describe('who gets the slot', () => {
  const approval = { digest: digest('b'), by: 'ann', at: '' };
  const approved = (change: object = {}): Rows => ({
    releases,
    proposals: [
      proposal('p', { approval, gates: all, release: 'b', digest: digest('b'), ...change }),
    ],
  });
  test.each<[string, Rows, Partial<Facts>, string[]]>([
    ['a proposal that waits', waits, {}, ['begin']],
    ['nobody waits', { releases }, {}, []],
    ['under lockdown nobody', waits, lockdown, []],
    ['when the switches cannot be read nobody', waits, unreadable, []],
    ['under a host halt as ever', waits, hostHalt, ['begin']],
    ['while stopping nobody', waits, { stopping: true }, []],
    ['during a rollback nobody', { ...waits, rollback: rollingBack() }, {}, []],
    ['while a release is removed nobody', { ...waits, pending: [pending(removing)] }, {}, []],
    [
      'the first release, whatever waits',
      { host: { current: null }, proposals: [proposal('p')] },
      {},
      ['begin'],
    ],
    ['the first release under lockdown too', { host: { current: null } }, lockdown, ['begin']],
    [
      'after a first release that failed nobody',
      { host: { current: null, stillborn: {} as never } },
      {},
      [],
    ],
  ])('%s', (_, rows, seen, expected) => expect(said(deploy(view(rows, seen)))).toEqual(expected));

  test.each<[string, Rows, boolean]>([
    ['approved, passed, and current has not moved', approved(), true],
    ['current has moved since', { ...approved(), host: { current: 'c' } }, false],
    ['not approved', approved({ approval: null }), false],
    [
      'approved for another digest',
      approved({ approval: { ...approval, digest: digest('c') } }),
      false,
    ],
    ['not every gate ran (the lock file came first)', approved({ gates: all.slice(0, 1) }), false],
    [
      'its folder is gone',
      { ...approved(), releases: [release('b', { parent: 'a', removedAt: 'x' })] },
      false,
    ],
  ])('straight on: %s', (_, rows, straight) => {
    expect(deploy(view(rows)).marks).toMatchObject([{ mark: 'begin', proposal: 'p', straight }]);
  });
});

describe('the gates, in order', () => {
  const at = (gates: GateResult[], change: object = {}, row: object = {}): Rows => ({
    releases,
    proposals: [proposal('p', { digest: digest('b'), ...row })],
    deployment: slot({ phase: 'gating', candidate: candidate('b', change), gates }),
  });
  const deps = { deps: 'lock', depsChanged: true };
  const approval = { digest: digest('b'), by: 'ann', at: '' };
  const given = (ago: number) => ({ ...approval, at: timeOf(now - ago) });
  const kernel = { changes: [{ path: 'kernel/x', kind: 'changed' as const }] };
  test.each<[string, Rows, string[]]>([
    ['policy', at([]), ['gate']],
    ['config', at(all.slice(0, 1)), ['gate']],
    ['build', at(all.slice(0, 2)), ['build:b']],
    ['smoke', at(all.slice(0, 3)), ['smoke:b']],
    ['then the canary', at(all), ['canary']],
    ['a gate failed', at([gate('policy', 'fail')]), ['end']],
    ['a gate could not run', at([...all.slice(0, 3), gate('smoke', 'error')]), ['end']],
    ['the content is bad', { ...at([]), bad: [bad('b')] }, ['end']],
    ['dependencies once', at(all.slice(0, 2), { deps: 'lock' }), ['deps:b']],
    ['dependencies are there', at(all.slice(0, 2), { deps: 'lock', depsReady: true }), ['build:b']],
    [
      'a changed lock file asks before anything is fetched',
      at(all.slice(0, 1), deps, { authority: [{ agent: 'maker', kind: 'deps', message: 'm' }] }),
      ['ask-approval'],
    ],
    ['approved, it is fetched', at(all.slice(0, 2), deps, { approval }), ['deps:b']],
    ['a path that needs a word asks after the gates', at(all, kernel), ['ask-approval']],
    ['not before', at(all.slice(0, 3), kernel), ['smoke:b']],
    ['approved', at(all, kernel, { approval }), ['canary']],
    [
      'approved for another digest',
      at(all, kernel, { approval: { ...approval, digest: 'c' } }),
      ['approval-void'],
    ],
    ['approved, and used in time', at(all, kernel, { approval: given(72 * hour - 1) }), ['canary']],
    [
      'approved, and not used in time: asked again',
      at(all, kernel, { approval: given(72 * hour) }),
      ['approval-void', 'ask-approval'],
    ],
    [
      'nothing is fetched on an old word',
      at(all.slice(0, 2), deps, { approval: given(72 * hour) }),
      ['approval-void', 'ask-approval'],
    ],
    ['an old word that nobody needs', at(all, {}, { approval: given(72 * hour) }), ['canary']],
    [
      'under way already',
      { ...at(all.slice(0, 2)), pending: [pending({ do: 'build', proposal: 'p', release: 'b' })] },
      [],
    ],
    [
      'a first release goes straight to current',
      {
        deployment: slot({
          proposal: null,
          onto: null,
          phase: 'gating',
          candidate: candidate('b'),
          gates: all,
        }),
        host: { current: null },
      },
      ['flip:first:b'],
    ],
  ])('%s', (_, rows, expected) => expect(said(deploy(view(rows)))).toEqual(expected));

  test('what is asked again says whose word was too old', () => {
    const rows = at(all, kernel, { approval: given(72 * hour) });
    const asked = deploy(view(rows)).marks.find((one) => one.mark === 'ask-approval');
    expect(asked?.mark === 'ask-approval' && asked.reason.cause).toMatch(
      /^the approval by ann at \S+ was not used in time/,
    );
  });

  test.each<[string, Partial<Facts>, string[]]>([
    ['all are halted: it waits', hostHalt, []],
    ['current has no agents: it waits for nobody', { agents: new Map() }, ['end']],
    ['no agent of current is in it', { agents: new Map([['a', [agent('x')]]]) }, ['end']],
  ])('no canary to be had: %s', (_, seen, expected) => {
    expect(said(deploy(view(at(all), seen)))).toEqual(expected);
  });
  test('no canary to be had: the candidate gives nobody a model that policy offers', () => {
    const after = [agent('maker', { model: 'dear' })];
    expect(said(deploy(view(at(all, { after }))))).toEqual(['end']);
  });
});

describe('the canary', () => {
  const trying = (
    change: object = {},
    recent = [brief({ agent: 'scout', release: 'a' })],
  ): Rows => ({
    releases,
    proposals: [proposal('p')],
    agents: [record('scout', { recent })],
    deployment: slot({
      phase: 'canary',
      candidate: candidate('b'),
      canary: canaryOf('scout', change),
    }),
  });
  const three = (more: object) =>
    Array.from({ length: 3 }, () => brief({ agent: 'scout', ...more }));
  const base = three({ release: 'a' });
  test.each<[string, Rows, Partial<Facts>, string[]]>([
    ['a short baseline: a paired run on current', trying(), {}, ['run scout']],
    ['its own runs at once', trying({}, base), {}, ['run scout']],
    ['one at a time', { ...trying({}, base), runs: [running('x', { agent: 'scout' })] }, {}, []],
    ['not while it is halted', trying({}, base), hostHalt, []],
    ['not under lockdown', trying({}, base), lockdown, []],
    ['passed', trying({ runs: three({}) }, base), {}, ['promote']],
    ['failed', trying({ runs: [failure({ agent: 'scout' })] }, base), {}, ['end']],
    [
      'after an outage not at once',
      trying({ runs: [failure({ agent: 'scout', cause: 'upstream', endedAt: now - 4999 })] }, base),
      {},
      [],
    ],
    [
      'but then',
      trying({ runs: [failure({ agent: 'scout', cause: 'upstream', endedAt: now - 5000 })] }, base),
      {},
      ['run scout'],
    ],
    ['no paired run on a barred current', { ...trying(), bad: [bad('a')] }, {}, []],
  ])('%s', (_, rows, seen, expected) => expect(said(deploy(view(rows, seen)))).toEqual(expected));

  test.each([
    [
      'a failure bars it',
      trying({ runs: [failure({ agent: 'scout' })] }, base),
      'aborted canary-failed true',
    ],
    ['too little does not', trying({ deadline: now }, base), 'aborted canary-inconclusive false'],
  ])('%s', (_, rows, expected) => {
    const [end] = deploy(view(rows)).marks;
    expect(end?.mark === 'end' && `${end.phase} ${end.reason.code} ${end.bad}`).toBe(expected);
  });
  test('runs of it are on the candidate, paired ones on current', () => {
    const kinds = (rows: Rows) =>
      deploy(view(rows)).steps.map(
        (step) => step.do === 'run' && [step.run.kind, step.run.release, step.run.extra],
      );
    expect(kinds(trying({}, base))).toEqual([['canary', 'b', true]]);
    expect(kinds(trying())).toEqual([['service', 'a', true]]);
  });
});

describe('promoting and baking', () => {
  const baking = (bake: object, host = { current: 'b' }): Rows => ({
    releases,
    host,
    proposals: [proposal('p')],
    deployment: slot({ phase: 'baking', candidate: candidate('b'), bake: bakeOf(bake) }),
  });
  const both = [brief({ agent: 'maker' }), brief({ agent: 'scout' })];
  const one = failure({ id: 's', agent: 'maker' });
  const two = [one, failure({ agent: 'scout' })];
  const again = { suspect: 's', again: failure(), onStable: null, tries: 0, notBefore: 0 };
  test.each<[string, Rows, Partial<Facts>, string[]]>([
    [
      'promoting flips from where it was staged',
      { deployment: slot({ phase: 'promoting', candidate: candidate('b') }) },
      {},
      ['flip:promote:b'],
    ],
    [
      'not while the link is set right',
      {
        deployment: slot({ phase: 'promoting', candidate: candidate('b') }),
        pending: [pending({ do: 'flip', to: 'a', from: null, why: 'rollback' })],
      },
      {},
      [],
    ],
    [
      'not under lockdown',
      { deployment: slot({ phase: 'promoting', candidate: candidate('b') }) },
      lockdown,
      [],
    ],
    ['survived', baking({ runs: both }), {}, ['stable']],
    ['survived, but nothing goes on under lockdown', baking({ runs: both }), lockdown, []],
    ['confirmed bad', baking({ suspects: two }), {}, ['rollback']],
    [
      'a rollback is no deployment: under lockdown too',
      baking({ suspects: two }),
      lockdown,
      ['rollback'],
    ],
    ['under a host halt too', baking({ suspects: two }), hostHalt, ['rollback']],
    [
      'agents that would not run are started',
      baking({ startedAt: now }),
      {},
      ['run maker', 'run scout'],
    ],
    [
      'as many as policy lets run',
      {
        ...baking({ startedAt: now }),
        runs: [1, 2, 3].map((id) => running(`${id}`, { agent: `x${id}` })),
      },
      {},
      ['run maker'],
    ],
    ['a suspect is run again', baking({ startedAt: now, suspects: [one] }), {}, ['run maker']],
    [
      'not while its agent runs: others go on',
      { ...baking({ startedAt: now, suspects: [one] }), runs: [running('x')] },
      {},
      ['run scout'],
    ],
    [
      'explained',
      baking({ suspects: [one], confirm: { ...again, again: brief() } }),
      {},
      ['cleared'],
    ],
  ])('%s', (_, rows, seen, expected) => {
    expect(said(deploy(view(rows, { current: 'b', ...seen }, { policy: policy() })))).toEqual(
      expected,
    );
  });

  test.each([
    ['first on the release', baking({ startedAt: now, suspects: [one] }), 'b'],
    ['then on the stable one', baking({ startedAt: now, suspects: [one], confirm: again }), 'a'],
  ])('a rerun: %s', (_, rows, expected) => {
    const [step] = deploy(view(rows)).steps;
    expect(step?.do === 'run' && [step.run.release, step.run.kind]).toEqual([expected, 'confirm']);
  });
  test.each([
    ['evidence bars it', baking({ suspects: two }), true],
    ['too little does not', baking({ startedAt: now - 86_400_000 }), false],
  ])('%s', (_, rows, barred) => {
    expect(deploy(view(rows)).marks).toMatchObject([
      { mark: 'rollback', from: 'b', to: 'a', by: 'airlock', bad: barred, clear: false },
    ]);
  });
});
