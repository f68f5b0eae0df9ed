import { describe, expect, test } from 'vitest';
import { next } from '../../supervisor/decide/next.ts';
import { policies } from '../../supervisor/decide/policies.ts';
import { requests } from '../../supervisor/decide/requests.ts';
import { stops } from '../../supervisor/decide/stops.ts';
import type { Decision, View } from '../../supervisor/decide/view.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import type { PolicyInForce } from '../../supervisor/model/policy.ts';
import type { GateResult } from '../../supervisor/model/proposal.ts';
import { reason } from '../../supervisor/model/reason.ts';
import type { PolicyTrial } from '../../supervisor/model/state.ts';
import type { Step } from '../../supervisor/model/step.ts';
import { gate, halt, now, pending, policy, type Rows, said, slot, view } from './build.ts';
import { deploying } from './fold.ts';
import { halted, table, unreadable } from './judge.ts';

const inForce = policy().digest;
const other: PolicyInForce = { ...policy(), digest: '9'.repeat(64) };
const third: PolicyInForce = { ...policy(), digest: '8'.repeat(64) };
const file = (held: PolicyInForce | null, kept: string[] = []): Partial<Facts> => ({
  policyFile: {
    policy: held,
    fault: held === null ? reason('policy-invalid', { message: 'faulty', step: 'policy' }) : null,
    kept: new Set(kept),
  },
});
const trial = (more: Partial<PolicyTrial> = {}): PolicyTrial => ({
  ...{ policy: other.digest, by: 'root', request: null, since: now, gate: null, fault: null },
  ...more,
});
const because = reason('policy-declined', { message: 'no', step: 'policy' });
const declined = (final: boolean, at = now, digest = other.digest) => ({
  host: { declined: { policy: digest, by: 'root', reason: because, at, final }, lastTick: now },
});
const trying = (more: Partial<PolicyTrial> = {}, rows: Rows = {}): Rows => ({
  ...rows,
  host: { ...rows.host, trial: trial(more) },
});
const step: Step = { do: 'try-policy', policy: other.digest, release: 'a' };
const key = `try-policy:${other.digest}:a`;
const withoutModel = structuredClone(other.policy);
withoutModel.models = { dear: withoutModel.models.cheap as never };
const unfit: PolicyInForce = { ...other, policy: withoutModel };
const rolling: Rows['rollback'] = {
  ...{ from: 'a', to: 'b', reason: because, by: 'root', bad: false, clear: false },
  ...{ request: null, startedAt: now },
};

describe('what the file holds', () => {
  table(policies, [
    ['what is in force', {}, file(policy()), []],
    ['nothing valid', {}, file(null), []],
    ['another version', {}, file(other), ['policy-try']],
    ['another, before there is a release', { host: { current: null } }, file(other), ['policy']],
    ['what was declined', declined(true, now - 1), file(other), []],
    ['what could not be judged, before the next tick', declined(false), file(other), []],
    [
      'what could not be judged, at the next tick',
      declined(false, now - 1),
      file(other),
      ['policy-try'],
    ],
    [
      'another than what was declined',
      declined(true, now, third.digest),
      file(other),
      ['policy-try'],
    ],
    ['another, on a halted host', {}, { ...file(other), ...halted(halt('host')) }, []],
    [
      'another, while one agent is halted',
      {},
      { ...file(other), ...halted(halt('agent', 'maker')) },
      ['policy-try'],
    ],
    [
      'another, under lockdown',
      {},
      { ...file(other), ...halted(halt('lockdown')) },
      ['policy-try'],
    ],
    ['another, with switches that nobody can read', {}, { ...file(other), ...unreadable }, []],
    ['another, in a rollback', { rollback: rolling }, file(other), []],
    ['another, on an unaudited host', {}, { ...file(other), hostInstall: true }, []],
    ['another, while it stops', {}, { ...file(other), stopping: true }, []],
  ]);
});

describe('a trial', () => {
  const busy = (phase: Parameters<typeof deploying>[0]) => trying({}, deploying(phase));
  table(policies, [
    ['starts', trying(), file(other), [key]],
    ['waits while gates judge', busy('gating'), file(other), []],
    ['waits while a change is promoted', busy('promoting'), file(other), []],
    [
      'does not wait for a bake',
      trying({}, { deployment: slot({ phase: 'baking' }) }),
      file(other),
      [key],
    ],
    ['does not wait for a canary', busy('canary'), file(other), [key]],
    ['waits on a halted host', trying(), { ...file(other), ...halted(halt('host')) }, []],
    ['is under way', trying({}, { pending: [pending(step)] }), file(other), []],
    ['passed', trying({ gate: gate('smoke') }), file(other), ['policy']],
    [
      'passed, and somebody waits',
      trying({ gate: gate('smoke'), request: 'r' }),
      file(other),
      ['policy', 'answered'],
    ],
    ['failed', trying({ gate: gate('smoke', 'fail') }), file(other), ['policy-declined']],
    [
      'failed, and somebody waits',
      trying({ gate: gate('smoke', 'fail'), request: 'r' }),
      file(other),
      ['policy-declined', 'answered'],
    ],
    ['could not be made', trying({ fault: because }), file(other), ['policy-declined']],
    ['of what the file held before', trying(), file(third), ['policy-declined']],
    [
      'of what the file held before it was in force again',
      trying(),
      file(policy()),
      ['policy-declined'],
    ],
    [
      'that passed, of what the file held before',
      trying({ gate: gate('smoke') }),
      file(third),
      ['policy-declined'],
    ],
    ['of a policy without a model that an agent names', trying(), file(unfit), ['policy-declined']],
  ]);

  const end = (rows: Rows, seen: Partial<Facts>) => {
    const [first] = policies(view(rows, seen)).marks;
    return first?.mark === 'policy-declined'
      ? { final: first.final, code: first.reason.code, message: first.reason.message }
      : first;
  };
  test('names why it is not taken, and whether that can pass by itself', () => {
    const failed: GateResult = {
      ...gate('smoke', 'fail'),
      findings: [{ subject: 's', reason: because }],
    };
    expect(end(trying({ gate: failed }), file(other))).toEqual({
      final: true,
      code: 'gate-smoke',
      message: 'current does not pass under this policy: s: no',
    });
    expect(end(trying({ gate: { ...failed, outcome: 'error' } }), file(other))).toMatchObject({
      final: false,
      code: 'gate-error',
    });
    expect(end(trying({ fault: because }), file(other))).toMatchObject({
      final: false,
      code: 'policy-declined',
    });
    expect(end(trying(), file(unfit))).toMatchObject({ final: true, code: 'policy-declined' });
    expect(JSON.stringify(end(trying(), file(unfit)))).toContain('no model cheap');
  });

  test.each<[string, Rows, Partial<Facts>, string[]]>([
    ['goes on', trying({}, { pending: [pending(step)] }), file(other), []],
    ['ends with its trial', { pending: [pending(step)] }, file(other), [`cancel:${key}`]],
    [
      'ends for another version',
      trying({ policy: third.digest }, { pending: [pending(step)] }),
      file(third),
      [`cancel:${key}`],
    ],
    [
      'ends when current is another',
      { ...trying({}, { pending: [pending(step)] }), host: { trial: trial(), current: 'b' } },
      file(other),
      [`cancel:${key}`],
    ],
    [
      'ends when the host is halted',
      trying({}, { pending: [pending(step)] }),
      { ...file(other), ...halted(halt('host')) },
      [`cancel:${key}`],
    ],
    [
      'ends for a rollback',
      trying({}, { pending: [pending(step)], rollback: rolling }),
      file(other),
      [`cancel:${key}`],
    ],
  ])('under way %s', (_, rows, seen, expected) => {
    expect(said(stops(view(rows, { underway: new Set([key]), ...seen })))).toEqual(expected);
  });
});

describe('an operator asks', () => {
  const asks = (request: object): Partial<Facts> => ({
    requests: [{ id: 'r', by: 'eve', request: request as never, fault: null }],
  });
  const apply = (digest = other.digest) => asks({ verb: 'policy-apply', digest });
  const back = asks({ verb: 'policy-rollback', reason: 'at night' });
  const answer = ({ marks }: Decision) => {
    const found = marks.find((one) => one.mark === 'answered');
    return found?.mark === 'answered'
      ? [found.answer.ok, found.verb, found.answer.reason?.code ?? null]
      : null;
  };
  const of = (rows: Rows, seen: Partial<Facts>) => requests(view(rows, seen));
  const stack = { policies: [third.digest, inForce] };

  test.each<[string, Rows, Partial<Facts>, string[], unknown]>([
    ['to take the file', {}, { ...file(other), ...apply() }, ['policy-try'], null],
    [
      'to take what was declined',
      declined(true),
      { ...file(other), ...apply() },
      ['policy-try'],
      null,
    ],
    [
      'for what is in force',
      {},
      { ...file(policy()), ...apply(inForce) },
      ['answered'],
      [true, 'policy-apply', null],
    ],
    [
      'for what the file does not hold',
      {},
      { ...file(third), ...apply() },
      ['answered'],
      [false, 'policy-apply', 'wrong-digest'],
    ],
    [
      'for a faulty file',
      {},
      { ...file(null), ...apply() },
      ['answered'],
      [false, 'policy-apply', 'policy-invalid'],
    ],
    [
      'on a halted host',
      {},
      { ...file(other), ...apply(), ...halted(halt('host')) },
      ['answered'],
      [false, 'policy-apply', 'halted'],
    ],
    [
      'while another waits',
      trying({ request: 'q' }),
      { ...file(other), ...apply() },
      ['answered', 'policy-try'],
      [false, 'policy-apply', 'policy-declined'],
    ],
    ['and waits already', trying({ request: 'r' }), { ...file(other), ...apply() }, [], null],
    [
      'to go back',
      { host: stack },
      { ...file(policy(), [third.digest]), ...back },
      ['policy', 'policy-declined', 'answered'],
      [true, 'policy-rollback', null],
    ],
    [
      'to go back, on a halted host',
      { host: stack },
      { ...file(policy(), [third.digest]), ...back, ...halted(halt('host')) },
      ['policy', 'policy-declined', 'answered'],
      [true, 'policy-rollback', null],
    ],
    [
      'to go back in a trial',
      { host: { ...stack, trial: trial({ request: 'q' }) } },
      { ...file(other, [third.digest]), ...back },
      ['answered', 'policy', 'policy-declined', 'answered'],
      [false, 'policy-apply', 'policy-declined'],
    ],
    [
      'to go back to nothing',
      { host: { policies: [inForce] } },
      { ...file(policy()), ...back },
      ['answered'],
      [false, 'policy-rollback', 'not-found'],
    ],
    [
      'to go back to what is gone',
      { host: stack },
      { ...file(policy()), ...back },
      ['answered'],
      [false, 'policy-rollback', 'not-found'],
    ],
  ])('%s', (_, rows, seen, marks, expected) => {
    const decision = of(rows, seen);
    expect(said(decision)).toEqual(marks);
    expect(answer(decision)).toEqual(expected);
  });

  test('going back names both versions, and who said so', () => {
    const { marks } = of({ host: stack }, { ...file(policy(), [third.digest]), ...back });
    expect(marks[0]).toEqual({
      mark: 'policy',
      digest: third.digest,
      from: inForce,
      by: 'eve',
      why: 'rollback',
    });
  });
});

test('at a start without anything on record the file is in force', () => {
  const found: View = view({ host: { policy: null } });
  expect(said(next(found))).toContain('policy');
});
