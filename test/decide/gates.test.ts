import { describe, expect, test } from 'vitest';
import { approvalNeeded, configGate, policyGate, refusal } from '../../supervisor/decide/gates.ts';
import { scenarioFault, smokeGate } from '../../supervisor/decide/smoke.ts';
import { agentSchema } from '../../supervisor/model/runtime.ts';
import type { SmokeFacts } from '../../supervisor/model/step.ts';
import { agent, because, candidate, ending, policy, proposal } from './build.ts';
import { fails, passes, rehearsal, scenario } from './rehearsals.ts';

const outage = ending({ exit: 1 }, { lastFailure: { by: 'upstream', message: '529' } });
const halted = ending({ exit: null, stoppedBy: 'halt' });
const refused = ending({ exit: 1 }, { lastFailure: { by: 'halt', message: 'halted' } });
const facts = (change: Partial<SmokeFacts> = {}): SmokeFacts => ({
  ...{ ms: 5, suite: 'suite', candidate: passes, current: passes, broken: fails, faults: [] },
  ...change,
});

describe('the smoke gate proves itself before it judges', () => {
  test.each<[string, Partial<SmokeFacts>, 'pass' | 'fail' | 'error']>([
    ['candidate and current pass, the broken one fails', {}, 'pass'],
    ['a first release: there is no current', { current: null }, 'pass'],
    ['the candidate fails', { candidate: fails }, 'fail'],
    ['one of its scenarios fails', { candidate: [...passes, ...fails] }, 'fail'],
    ['an empty suite', { candidate: [] }, 'error'],
    [
      "the release's own scenarios instead of the supervisor's",
      { candidate: [rehearsal(ending(), { from: 'release' })] },
      'error',
    ],
    ['a scenario that could not be read', { faults: [because('gate-error')] }, 'error'],
    ['current fails', { current: fails }, 'error'],
    ['current was not rehearsed', { current: [] }, 'error'],
    ['current showed it not long ago', { current: 'proven' }, 'pass'],
    ['that does not help the candidate', { current: 'proven', candidate: fails }, 'fail'],
    ['nor a suite that cannot fail', { current: 'proven', broken: passes }, 'error'],
    ['the broken release passes', { broken: passes }, 'error'],
    ['the broken release was not rehearsed', { broken: [] }, 'error'],
    ['the broken release fails by an outage alone', { broken: [rehearsal(outage)] }, 'error'],
    ['the candidate fails by an outage alone', { candidate: [rehearsal(outage)] }, 'error'],
    ['the candidate is stopped by a halt', { candidate: [rehearsal(halted)] }, 'error'],
    ['a halt refuses its model calls', { candidate: [rehearsal(refused)] }, 'error'],
    ['it fails by itself before the halt', { candidate: [...fails, rehearsal(halted)] }, 'fail'],
    ['the broken release fails by a halt alone', { broken: [rehearsal(halted)] }, 'error'],
    ['by an outage and by itself', { candidate: [rehearsal(outage), ...fails] }, 'fail'],
    ['the candidate fails and so does current', { candidate: fails, current: fails }, 'error'],
  ])('%s', (_, given, outcome) => {
    const gate = smokeGate(facts(given));
    expect(gate.outcome).toBe(outcome);
    expect(gate.findings.length === 0).toBe(outcome === 'pass');
  });

  test.each([
    ['the candidate', { candidate: [rehearsal(halted)] }],
    ['current', { current: [rehearsal(halted)] }],
    ['the broken release', { broken: [rehearsal(halted)] }],
  ])('a halt of %s is named in the refusal, with what to do about it', (_, given) => {
    const because = refusal(smokeGate(facts(given)));
    expect(because.code).toBe('gate-error');
    expect(because.message).toContain('stopped by a halt');
    expect(because.hint).toContain('airlock resume');
  });

  test('every failed scenario is named, with its path and innermost cause', () => {
    const thread = rehearsal(ending({ exit: 1, stderrTail: 'Error: EPIPE' }), {
      scenario: scenario({ name: 'a reply', path: 'thread' }),
      from: 'release',
    });
    const { findings } = smokeGate(facts({ candidate: [...passes, ...fails, thread] }));
    expect(findings.map((one) => [one.subject, one.reason.cause])).toEqual([
      ['a task (smoke)', 'Error: broken'],
      ['a reply (app/smoke)', 'Error: EPIPE'],
    ]);
    expect(findings[1]?.reason.message).toContain('path thread');
  });
});

describe('what a scenario expects', () => {
  const files = {
    here: { present: true, contains: true },
    other: { present: true, contains: false },
  };
  test.each<[string, object, Parameters<typeof ending>, boolean]>([
    ['exit 0', {}, [], true],
    ['exit 3 and gets it', { exit: 3 }, [{ exit: 3 }], true],
    ['exit 3 and gets 0', { exit: 3 }, [{ exit: 0 }], false],
    ['exit 3 and gets 1', { exit: 3 }, [{ exit: 1 }], false],
    ['exit 0 and hangs', {}, [{ exit: null, stoppedBy: 'timeout' }], false],
    ['anything, and gets nothing', {}, [{}, { steps: 0, turns: { begun: 0, ended: 0 } }], false],
    ['a file', { files: { here: 'present' } }, [], true],
    ['a file that is not there', { files: { gone: 'present' } }, [], false],
    ['no file, and one is there', { files: { here: 'absent' } }, [], false],
    ['a text', { files: { here: { contains: 'x' } } }, [], true],
    ['a text that is not in it', { files: { other: { contains: 'x' } } }, [], false],
    ['calls', { calls: ['a', 'b'] }, [{}, { calls: ['a', 'b'] }], true],
    ['calls in another order', { calls: ['a', 'b'] }, [{}, { calls: ['b', 'a'] }], false],
    ['no calls', { calls: [] }, [{}, { calls: ['a'] }], false],
    ['<= 2 steps', { steps: '<= 2' }, [], true],
    ['< 2 steps', { steps: '< 2' }, [], false],
    ['> 2 steps', { steps: '> 2' }, [], false],
    ['>= 2 steps', { steps: '>= 2' }, [], true],
    ['== 3 steps', { steps: '== 3' }, [], false],
    ['no more than the script has', {}, [{}, { scriptFaults: ['beyond the script'] }], false],
  ])('%s', (_, expected, given, passed) => {
    const one = rehearsal(ending(...given), { scenario: scenario({ expect: expected }), files });
    expect(scenarioFault(one) === null).toBe(passed);
  });
});

describe('the policy gate', () => {
  const { policy: rules } = policy();
  const changing = (...paths: string[]) =>
    candidate('b', { changes: paths.map((path) => ({ path, kind: 'changed' })) });
  const more = [{ ...agent('maker'), tools: ['new'] }, agent('scout')];

  test('paths that the patch does not name but the release changes are judged too', () => {
    const { gate } = policyGate(rules, proposal('p'), changing('app/x', 'vault/y', 'vault/z'));
    expect(gate.outcome).toBe('fail');
    expect(gate.findings.map((one) => one.subject)).toEqual(['vault/y', 'vault/z']);
  });
  test.each([
    ['a raise', policy().policy, { after: more }, 1],
    [
      'a raise that policy lets pass',
      policy({ authority: { raise: 'none' } }).policy,
      { after: more },
      0,
    ],
    ['a configuration that does not parse', policy().policy, { after: null }, 0],
    ['a change of the lock file', policy().policy, { depsChanged: true }, 1],
  ])('authority: %s', (_, given, change, count) => {
    const { gate, authority } = policyGate(given, proposal('p'), candidate('b', change));
    expect([gate.outcome, authority.length]).toEqual(['pass', count]);
  });
  test.each([
    ['a plain path', changing('app/x'), [], null],
    ['a path that asks for it', changing('kernel/x'), [], 'needs-approval'],
    [
      'a lock file, whatever policy says of authority',
      { ...changing('app/x'), depsChanged: true },
      [],
      'needs-approval',
    ],
    [
      'a raise',
      changing('app/x'),
      [{ agent: 'maker', kind: 'tool' as const, message: 'new tools: x' }],
      'needs-approval',
    ],
  ])('approval for %s', (_, given, authority, code) => {
    const needed = approvalNeeded(rules, proposal('p', { authority }), given);
    expect(needed?.code ?? null).toBe(code);
  });
});

const { policy: rules } = policy();

describe('the config gate: what an agent’s entry says must mean something', () => {
  test.each([
    ['a minute that is none', { schedule: { task: '99 99 * * *' } }, 'schedule.task'],
    ['a day that never comes', { schedule: { task: '0 0 31 2 *' } }, 'never fires'],
    ['a model that policy lacks', { model: 'gpt-9000' }, 'no model gpt-9000'],
    ["the operators' own name", { name: 'operator' }, 'operators'],
  ])('%s', (_, entry, says) => {
    const agent = agentSchema.parse({ name: 'maker', model: 'cheap', ...entry });
    const gate = configGate(rules, candidate('b', { after: [agent] }));
    expect(gate.outcome).toBe('fail');
    expect(gate.findings[0]?.reason.message).toContain(says);
    // Nor does the policy gate stumble over it on the way there.
    const given = candidate('b', { before: [], after: [agent] });
    expect(() => policyGate(rules, proposal('p'), given)).not.toThrow();
  });
});

test('the config gate: all faults at once', () => {
  const fault = { subject: 'config/a.yaml', reason: because('gate-config') };
  expect(configGate(rules, candidate('b')).outcome).toBe('pass');
  const gate = configGate(rules, candidate('b', { configFaults: [fault, fault] }));
  expect([gate.outcome, gate.findings.length]).toEqual(['fail', 2]);
  expect(refusal(gate)).toMatchObject({ code: 'gate-config', step: 'gate config' });
  expect(refusal(gate).message).toContain('and 1 more');
});

test.each([
  ['policy', 'fail', 'gate-policy'],
  ['build', 'fail', 'gate-build'],
  ['smoke', 'fail', 'gate-smoke'],
  ['smoke', 'error', 'gate-error'],
  ['build', 'error', 'gate-error'],
] as const)('a %s gate that ends %s refuses with %s', (name, outcome, code) => {
  expect(refusal({ name, outcome, ms: 1, findings: [] }).code).toBe(code);
});
