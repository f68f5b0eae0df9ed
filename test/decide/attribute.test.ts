import { describe, expect, test } from 'vitest';
import { attribute, counts, innermostReport, speaks } from '../../supervisor/decide/attribute.ts';
import type { RunEnding } from '../../supervisor/model/run.ts';
import { because, ending } from './build.ts';

const failing = (by: NonNullable<RunEnding['door']['lastFailure']>['by']) => ({
  lastFailure: { by, message: 'no answer' },
});
const error = {
  ...{ message: 'the turn broke', step: 'tools', input: 'x', expected: 'y' },
  causes: ['outer', 'inner'],
};

describe('whose fault an ended run is', () => {
  test.each<[string, RunEnding, string, string | null, string | null]>([
    ['a completed turn', ending(), 'ok', null, null],
    ['nothing to do, a turn reported', ending({}, { steps: 0 }), 'ok', null, null],
    [
      'exit 0, no call, no turn',
      ending({}, { steps: 0, turns: { begun: 0, ended: 0 } }),
      ...(['empty', 'runtime', 'run-empty'] as const),
    ],
    ['exit 1', ending({ exit: 1 }), 'failed', 'runtime', 'run-failed'],
    [
      'ended by a signal of its own',
      ending({ exit: null, signal: 'SIGSEGV' }),
      ...(['failed', 'runtime', 'run-failed'] as const),
    ],
    [
      'exit 0 and an error reported',
      ending({}, { errors: [error] }),
      'failed',
      'runtime',
      'run-failed',
    ],
    [
      'too long',
      ending({ exit: null, stoppedBy: 'timeout' }),
      ...(['failed', 'timeout', 'run-timeout'] as const),
    ],
    ['a flood', ending({ exit: null, stoppedBy: 'output' }), 'failed', 'runtime', 'run-failed'],
    [
      'a flood during an outage is still a flood',
      ending({ exit: null, stoppedBy: 'output' }, failing('upstream')),
      ...(['failed', 'runtime', 'run-failed'] as const),
    ],
    [
      'all its memory, during an outage',
      ending({ exit: null, stoppedBy: 'memory' }, failing('upstream')),
      ...(['failed', 'runtime', 'out-of-memory'] as const),
    ],
    [
      'more processes than it may start, during an outage',
      ending({ exit: null, stoppedBy: 'processes' }, failing('upstream')),
      ...(['failed', 'runtime', 'too-many-processes'] as const),
    ],
    [
      'a workspace that is too big, during an outage',
      ending({ exit: null, stoppedBy: 'workspace' }, failing('upstream')),
      ...(['failed', 'runtime', 'workspace-full'] as const),
    ],
    [
      'an inbox that is too full, during an outage',
      ending({ exit: null, stoppedBy: 'inbox' }, failing('upstream')),
      ...(['failed', 'runtime', 'inbox-full'] as const),
    ],
    [
      'a disk that all share, during an outage',
      ending({ exit: null, stoppedBy: 'disk' }, failing('upstream')),
      ...(['failed', 'host', 'disk-reserve'] as const),
    ],
    [
      'the provider did not answer',
      ending({ exit: 1 }, failing('upstream')),
      ...(['failed', 'upstream', 'upstream-failed'] as const),
    ],
    [
      'the provider did not answer: reported, exit 0',
      ending({}, { ...failing('upstream'), errors: [error] }),
      ...(['failed', 'upstream', 'upstream-failed'] as const),
    ],
    [
      'the provider did not answer: given up without a word, exit 0',
      ending({}, { ...failing('upstream'), steps: 0, turns: { begun: 0, ended: 0 } }),
      ...(['failed', 'upstream', 'upstream-failed'] as const),
    ],
    [
      'the provider did not answer once, the turn completed all the same',
      ending({}, failing('upstream')),
      ...(['ok', null, null] as const),
    ],
    [
      'out of money: reported, exit 0',
      ending({}, { ...failing('budget'), errors: [error] }),
      ...(['failed', 'budget', 'budget-exhausted'] as const),
    ],
    [
      'a request of its own fault: reported, exit 0',
      ending({}, { ...failing('request'), errors: [error] }),
      ...(['failed', 'runtime', 'run-failed'] as const),
    ],
    [
      'a request of its own fault, given up without a word',
      ending({}, { ...failing('request'), steps: 0, turns: { begun: 0, ended: 0 } }),
      ...(['empty', 'runtime', 'run-empty'] as const),
    ],
    [
      'the host is at fault, whatever the provider did',
      ending({ exit: 1, hostFault: because('host-failed') }, failing('upstream')),
      ...(['failed', 'host', 'host-failed'] as const),
    ],
    [
      'halted, whatever the provider did',
      ending({ exit: null, stoppedBy: 'halt' }, failing('upstream')),
      ...(['stopped', 'halt', 'halted'] as const),
    ],
    [
      'it hung on the provider',
      ending({ exit: null, stoppedBy: 'timeout' }, failing('upstream')),
      ...(['failed', 'upstream', 'upstream-failed'] as const),
    ],
    [
      'out of money',
      ending({ exit: 1 }, failing('budget')),
      'failed',
      'budget',
      'budget-exhausted',
    ],
    [
      'the gateway itself failed',
      ending({ exit: 1 }, failing('host')),
      'failed',
      'host',
      'host-failed',
    ],
    ['its calls were halted', ending({ exit: 1 }, failing('halt')), 'stopped', 'halt', 'halted'],
    [
      'a request that is its own fault',
      ending({ exit: 1 }, failing('request')),
      ...(['failed', 'runtime', 'run-failed'] as const),
    ],
    [
      'beyond the script',
      ending({ exit: 1 }, failing('script')),
      ...(['failed', 'runtime', 'run-failed'] as const),
    ],
    [
      'the sandbox could not be set up',
      ending({ exit: 1, hostFault: because('missing-bubblewrap') }),
      ...(['failed', 'host', 'missing-bubblewrap'] as const),
    ],
    ['halted', ending({ exit: null, stoppedBy: 'halt' }), 'stopped', 'halt', 'halted'],
    ['cancelled', ending({ exit: null, stoppedBy: 'operator' }), 'stopped', null, 'run-stopped'],
    [
      'its release was left',
      ending({ exit: null, stoppedBy: 'rollback' }),
      'stopped',
      null,
      'run-stopped',
    ],
    [
      'the supervisor stopped',
      ending({ exit: null, stoppedBy: 'shutdown' }),
      ...(['interrupted', null, 'run-interrupted'] as const),
    ],
  ])('given %s', (_, given, outcome, cause, code) => {
    const verdict = attribute(given);
    expect([verdict.outcome, verdict.cause, verdict.reason?.code ?? null]).toEqual([
      outcome,
      cause,
      code,
    ]);
  });

  test('a report cannot excuse a run, only worsen it', () => {
    const excuse = { ...error, message: 'upstream 529', causes: ['the provider is down'] };
    expect(attribute(ending({ exit: 1 }, { errors: [excuse] })).cause).toBe('runtime');
    expect(attribute(ending({ exit: 0 }, { errors: [excuse] })).outcome).toBe('failed');
  });

  test('the reason carries what the runtime reported, down to the innermost cause', () => {
    const { reason } = attribute(ending({ exit: 1 }, { errors: [error] }));
    expect(reason).toMatchObject({ message: 'the turn broke', step: 'tools', cause: 'inner' });
  });

  test.each([
    ['the last error line of stderr', 'TypeError: a: b\n  at x\nbye\n', 'TypeError: a: b'],
    ['else its last line', 'one\ntwo\n\n', 'two'],
    ['else nothing', '\n', null],
  ])('without a report the cause is %s', (_, stderrTail, cause) => {
    expect(innermostReport(ending({ exit: 1, stderrTail }))).toBe(cause);
  });
});

describe('what a run says of its release', () => {
  test.each([
    ['failed', 'runtime', 1, true, false],
    ['failed', 'timeout', 1, true, false],
    ['empty', 'runtime', 0, true, false],
    ['failed', 'upstream', 1, false, false],
    ['failed', 'budget', 1, false, false],
    ['failed', 'host', 0, false, false],
    ['stopped', 'halt', 1, false, false],
    ['stopped', null, 1, false, false],
    ['interrupted', null, 1, false, false],
    ['ok', null, 2, false, true],
    ['ok', null, 0, false, false],
  ] as const)(
    '%s by %s after %i steps: against %s, for %s',
    (outcome, cause, steps, against, forIt) => {
      expect(counts({ outcome, cause })).toBe(against);
      expect(speaks({ outcome, steps })).toBe(forIt);
    },
  );
});
