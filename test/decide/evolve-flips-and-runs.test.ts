import { describe, expect, test } from 'vitest';
import { evolve } from '../../supervisor/decide/evolve/entry.ts';
import type { DeploymentPhase } from '../../supervisor/model/deployment.ts';
import { instant } from '../../supervisor/model/duration.ts';
import type { Mark } from '../../supervisor/model/mark.ts';
import type { Phase } from '../../supervisor/model/proposal.ts';
import type { RunOutcome } from '../../supervisor/model/run.ts';
import {
  deployment,
  host,
  recentRuns,
  rollback,
  type State,
} from '../../supervisor/model/state.ts';
import { type Outcome, type Step, stepKey } from '../../supervisor/model/step.ts';
import {
  bad,
  bakeOf,
  because,
  brief,
  canaryOf,
  candidate,
  digest,
  ending,
  failure,
  now,
  policy,
  type Rows,
  record,
  release,
  retry,
  rollingBack,
  running,
  slot,
  spec,
  stable,
  view,
} from './build.ts';
import { deploying, fold, mark, settle } from './fold.ts';

const phaseOf = (after: State, id = 'p') => after.proposals.get(id)?.phase;

describe('what was cancelled', () => {
  test.each<[Step, DeploymentPhase]>([
    [{ do: 'stage', proposal: 'p', base: 'a', onto: 'a', at: now }, 'staging'],
    [{ do: 'deps', release: 'b', digest: 'd' }, 'gating'],
    [{ do: 'build', proposal: 'p', release: 'b' }, 'gating'],
    [{ do: 'smoke', proposal: 'p', release: 'b', current: 'a', proven: null }, 'gating'],
  ])('%o says nothing of the change that has the slot', (step, phase) => {
    const after = settle(deploying(phase), step, { of: 'stopped' });
    expect([phaseOf(after), deployment(after)?.gates, after.bad.size]).toEqual([phase, [], 0]);
    expect([after.pending.size, after.retries.size, host(after).proofs]).toEqual([0, 0, []]);
  });
});

describe('flips', () => {
  const promote: Step = { do: 'flip', to: 'b', from: 'a', why: 'promote' };
  const back: Step = { do: 'flip', to: 'a', from: null, why: 'rollback' };
  test('promoted: it bakes', () => {
    const after = settle(deploying('promoting'), promote, { of: 'flipped' });
    expect([host(after).current, phaseOf(after), deployment(after)?.phase]).toEqual([
      'b',
      'baking',
      'baking',
    ]);
  });
  test('done before a crash, found done by its repeat: it bakes', () => {
    const after = settle(deploying('promoting'), promote, { of: 'moved', actual: 'b' });
    expect([host(after).current, phaseOf(after)]).toEqual(['b', 'baking']);
  });
  test('current was moved by somebody: aborted, not barred', () => {
    const after = settle(deploying('promoting'), promote, { of: 'moved', actual: 'z' });
    expect([phaseOf(after), after.bad.size, deployment(after)]).toEqual(['aborted', 0, null]);
  });
  test('a late one says nothing of the change that has the slot now', () => {
    const other = {
      ...deploying('gating'),
      deployment: slot({ phase: 'gating', candidate: candidate('c') }),
    };
    expect(phaseOf(settle(other, promote, { of: 'moved', actual: 'z' }))).toBe('gating');
  });
  test('promoted although it had ended: back to where it came from', () => {
    expect(rollback(settle({}, promote, { of: 'flipped' }))).toMatchObject({
      from: 'b',
      to: 'a',
      bad: false,
    });
  });
  test('a link that is set right ends no rollback that was decided meanwhile', () => {
    const repair: Step = { do: 'flip', to: 'b', from: null, why: 'rollback' };
    const rows = { ...deploying('baking'), host: { current: 'b' }, rollback: rollingBack() };
    const after = settle(rows, repair, { of: 'flipped' });
    expect([rollback(after)?.to, phaseOf(after), after.bad.size]).toEqual(['a', 'baking', 0]);
  });
  test.each<[DeploymentPhase, Phase]>([
    ['staging', 'refused'],
    ['gating', 'refused'],
    ['canary', 'aborted'],
    ['promoting', 'aborted'],
    ['baking', 'rolled-back'],
  ])('a rollback in %s ends the change as %s', (phase, expected) => {
    const after = settle({ ...deploying(phase), rollback: rollingBack() }, back, { of: 'flipped' });
    expect([phaseOf(after), host(after).current, rollback(after)]).toEqual([expected, 'a', null]);
    expect(after.bad.has(digest('b'))).toBe(true);
  });
  test('kept: nothing is barred; named: its mark is cleared; asked for: answered', () => {
    const row = rollingBack({ bad: false, clear: true, request: 'r' });
    const after = settle({ releases: [release('a')], bad: [bad('a')], rollback: row }, back, {
      of: 'flipped',
    });
    expect([after.bad.size, after.answers.get('r')?.answer.ok]).toEqual([0, true]);
  });
  test('no stable release is left: halted, barred, told', () => {
    const step: Step = { do: 'halt', reason: 'x' };
    const row = rollingBack({ to: null, request: 'r' });
    const under = policy({ notify: { command: ['tell'] } });
    const after = settle({ ...deploying('baking'), rollback: row }, step, { of: 'done' }, under);
    expect([phaseOf(after), after.bad.has(digest('b')), rollback(after)]).toEqual([
      'rolled-back',
      true,
      null,
    ]);
    expect(after.answers.get('r')?.answer).toMatchObject({ ok: false, exit: 1 });
    expect([...after.notices.values()].map((one) => one.event)).toContain('no-stable-release');
  });
  describe('to a release that is not whole', () => {
    const torn: Outcome = { of: 'failed', reason: because('corrupt-release') };
    const three: Rows = {
      releases: [stable('a', now - 2), stable('c', now - 3), release('b')],
      host: { current: 'b' },
    };
    test('a rollback goes to the next stable one, and remembers why', () => {
      const rows = { ...three, rollback: rollingBack({ request: 'r' }) };
      const after = settle(rows, back, torn);
      expect(rollback(after)).toMatchObject({ from: 'b', to: 'c', bad: true, passed: ['a'] });
      expect(after.releases.get('a')?.damaged).toMatchObject({ message: 'corrupt-release' });
      expect([after.retries.size, after.answers.size]).toEqual([0, 0]);
    });
    test('where none is left it goes nowhere: the host is halted', () => {
      const rows = { ...three, releases: [stable('a', now), release('b')] };
      const after = settle({ ...rows, rollback: rollingBack() }, back, torn);
      expect([rollback(after)?.to, rollback(after)?.bad]).toEqual([null, true]);
    });
    test('one that an operator named fails, and is answered', () => {
      const rows = { ...three, rollback: rollingBack({ clear: true, request: 'r' }) };
      const after = settle({ ...rows, retries: [retry(stepKey(back), now)] }, back, torn);
      expect([rollback(after), after.retries.size, host(after).current]).toEqual([null, 0, 'b']);
      expect(after.answers.get('r')?.answer).toMatchObject({
        ...{ ok: false, exit: 1, reason: { code: 'corrupt-release' } },
      });
    });
    test('where the link belongs: a rollback to another, of nothing that is bad', () => {
      const after = settle({ ...three, host: { current: 'a' } }, back, torn);
      expect(rollback(after)).toMatchObject({ from: 'a', to: 'c', bad: false, clear: false });
    });
    test('the promoted one itself: aborted, not barred, and not tried again', () => {
      const after = settle(deploying('promoting'), promote, torn);
      expect([phaseOf(after), after.bad.size, after.retries.size]).toEqual(['aborted', 0, 0]);
      expect(host(after).current).toBe('a');
    });
    test('one that was mended is whole again once a flip went there', () => {
      const damaged = { at: 'x', message: 'x' };
      const rows = { ...three, releases: [stable('a', now, { damaged })] };
      const after = settle({ ...rows, rollback: rollingBack() }, back, { of: 'flipped' });
      expect(after.releases.get('a')?.damaged).toBe(null);
    });
  });
  test('the first release is stable at once', () => {
    const rows: Rows = {
      releases: [release('b')],
      host: { current: null },
      deployment: slot({ proposal: null, phase: 'gating' }),
    };
    const after = settle(
      rows,
      { do: 'flip', to: 'b', from: null, why: 'first' },
      { of: 'flipped' },
    );
    expect([
      host(after).current,
      after.releases.get('b')?.stableAt !== null,
      deployment(after),
    ]).toEqual(['b', true, null]);
  });
});

describe('the end of a run', () => {
  const ran = (rows: Rows, change: object, how: Parameters<typeof ending> = []) => {
    const run = spec('r', change);
    const row = running('r', { agent: run.agent.name, release: run.release, kind: run.kind });
    const step: Step = { do: 'run', run };
    return settle({ ...rows, runs: [row] }, step, { of: 'ended', ending: ending(...how), at: now });
  };
  const baking = (bake: object = {}): Rows => ({
    ...deploying('baking'),
    deployment: slot({ phase: 'baking', candidate: candidate('b'), bake: bakeOf(bake) }),
  });
  const suspects = (after: State) => deployment(after)?.bake?.suspects.length;

  test('is taken into its agent’s record, which is bounded', () => {
    const recent = Array.from({ length: recentRuns }, () => brief());
    const after = ran({ agents: [record('maker', { recent })] }, {});
    expect(after.agents.get('maker')?.recent).toHaveLength(recentRuns);
    expect(after.agents.get('maker')?.recent.at(-1)?.id).toBe('r');
    expect(after.runs.size).toBe(0);
  });
  test('a failure while it bakes is a suspect, and the first evidence', () => {
    const after = ran(baking(), { release: 'b' }, [{ exit: 1 }]);
    expect([suspects(after), deployment(after)?.bake?.firstEvidence]).toEqual([1, now]);
  });
  test.each<[string, Rows, object, Parameters<typeof ending>]>([
    ['on another release', baking(), { release: 'a' }, [{ exit: 1 }]],
    [
      'by the provider',
      baking(),
      { release: 'b' },
      [{ exit: 1 }, { lastFailure: { by: 'upstream', message: '' } }],
    ],
    ['stopped', baking(), { release: 'b' }, [{ exit: null, stoppedBy: 'operator' }]],
    [
      'that the release before had too',
      { ...baking(), agents: [record('maker', { recent: [failure({ release: 'a' })] })] },
      { release: 'b' },
      [{ exit: 1 }],
    ],
    ['that has completed', baking(), { release: 'b' }, []],
  ])('a run %s is no suspect', (_, rows, change, how) =>
    expect(suspects(ran(rows, change, how))).toBe(0),
  );
  test('a rerun goes to the confirmation', () => {
    const suspect = failure({ id: 's' });
    const after = ran(baking({ suspects: [suspect] }), { release: 'b', kind: 'confirm' }, [
      { exit: 1 },
    ]);
    expect(deployment(after)?.bake?.confirm).toMatchObject({ suspect: 's', again: { id: 'r' } });
    expect(suspects(after)).toBe(1);
  });
  test('a canary run goes to the canary', () => {
    const rows = {
      ...deploying('canary'),
      deployment: slot({ phase: 'canary', candidate: candidate('b'), canary: canaryOf('maker') }),
    };
    expect(deployment(ran(rows, { release: 'b', kind: 'canary' }))?.canary?.runs).toHaveLength(1);
    expect(deployment(ran(rows, { release: 'a' }))?.canary?.runs).toHaveLength(0);
  });
  test('cut off by a crash it is no evidence', () => {
    const rows = { ...baking(), runs: [running('r', { release: 'b' })], agents: [record('maker')] };
    const after = mark(rows, { mark: 'interrupted', run: 'r', key: 'run:r', usd: 0.25 });
    expect([after.runs.size, after.agents.get('maker')?.recent.length, suspects(after)]).toEqual([
      0, 0, 0,
    ]);
    expect(after.agents.get('maker')?.lastRun?.outcome).toBe('interrupted');
    const said: Mark = { mark: 'interrupted', run: 'r', key: 'run:r', usd: 0.25 };
    const puts = evolve(view(rows).state, { at: now, type: 'mark', mark: said }, policy());
    const row = expect.objectContaining({ outcome: 'interrupted', usd: 0.25 });
    expect(puts).toContainEqual(expect.objectContaining({ table: 'runs', value: row }));
  });
  test('cut off it is due again at once, but not twice in a row, nor after any other end', () => {
    const task = { cron: '0 * * * *', zone: 'UTC', next: now + 5_000_000, missed: 0 };
    const due = (outcome: RunOutcome | null, ended: (rows: Rows) => State) => {
      const lastRun = outcome && { id: 'q', outcome, cause: null, at: instant(now) };
      const agents = [record('maker', { paths: { task }, lastRun })];
      const rows = { runs: [running('r', { release: 'b' })], agents };
      return ended(rows).agents.get('maker')?.paths.task?.next;
    };
    const crash = (rows: Rows) =>
      mark(rows, { mark: 'interrupted', run: 'r', key: 'run:r', usd: 0 });
    const stop = (stoppedBy: 'shutdown' | 'operator') => (rows: Rows) =>
      ran(rows, { release: 'b' }, [{ stoppedBy }]);
    expect(due('ok', crash)).toBe(now);
    expect(due(null, crash)).toBe(now);
    expect(due('ok', stop('shutdown'))).toBe(now);
    expect(due('interrupted', crash)).toBe(task.next);
    expect(due('ok', stop('operator'))).toBe(task.next);
  });
  test('its start moves its schedule on, an extra one does not', () => {
    const paths = { task: { cron: '0 * * * *', zone: 'UTC', next: now - 1, missed: 0 } };
    const begin = (extra: boolean) => {
      const step: Step = { do: 'run', run: spec('r', { extra }) };
      const after = fold(
        { agents: [record('maker', { paths })] },
        { at: now, type: 'intent', key: 'run:r', step },
      );
      return after.agents.get('maker')?.paths.task?.next ?? 0;
    };
    expect(begin(false)).toBeGreaterThan(now);
    expect(begin(true)).toBe(now - 1);
  });
});
