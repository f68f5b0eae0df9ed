import { reason } from '../../supervisor/model/reason.ts';
import type { DoorSummary, RunEnding } from '../../supervisor/model/run.ts';
import type { Fault } from './content.ts';
import type { Random } from './random.ts';

const door: DoorSummary = {
  steps: 2,
  usd: 0.02,
  tokens: { input: 100, output: 10, cacheRead: 0, cacheWrite: 0 },
  turns: { begun: 1, ended: 1 },
  calls: ['complete_task'],
  errors: [],
  lastFailure: null,
  scriptFaults: [],
  rehearsed: false,
};

const good: RunEnding = {
  exit: 0,
  signal: null,
  stoppedBy: null,
  hostFault: null,
  durationMs: 1000,
  stderrTail: '',
  door,
};

export const goodEnding = (durationMs: number): RunEnding => ({ ...good, durationMs });

/** A turn that found nothing to do: no evidence. */
export const idleEnding = (durationMs: number): RunEnding => ({
  ...good,
  durationMs,
  door: { ...door, steps: 0, usd: 0, calls: [] },
});

export const upstreamEnding = (durationMs: number): RunEnding => ({
  ...good,
  durationMs,
  exit: 1,
  door: { ...door, lastFailure: { by: 'upstream', message: '529 overloaded' } },
});

export const hostEnding = (): RunEnding => ({
  ...good,
  durationMs: 0,
  exit: null,
  hostFault: reason('host-failed', { message: 'no space left on device', step: 'run' }),
  door: { ...door, steps: 0, usd: 0, turns: { begun: 0, ended: 0 } },
});

export const stoppedEnding = (
  durationMs: number,
  stoppedBy: NonNullable<RunEnding['stoppedBy']>,
): RunEnding => ({ ...good, durationMs, exit: null, signal: 'SIGKILL', stoppedBy });

/** What a run on a faulty release comes to. */
export function faultyEnding(fault: Fault, durationMs: number, wall: number): RunEnding {
  const ended = { ...good, durationMs };
  switch (fault.how) {
    case 'fails':
      return { ...ended, exit: 1, stderrTail: 'TypeError: not a function' };
    case 'hangs':
      return { ...stoppedEnding(wall, 'timeout') };
    case 'empty':
      return { ...ended, door: { ...door, steps: 0, usd: 0, turns: { begun: 0, ended: 0 } } };
    case 'floods':
      return stoppedEnding(durationMs, 'output');
    case 'reports': {
      const blank = { step: null, input: null, expected: null };
      const error = { ...blank, message: 'the turn broke', causes: ['ENOENT'] };
      return { ...ended, door: { ...door, errors: [error] } };
    }
    case 'slow':
      return { ...ended, durationMs };
    case 'costly':
      return { ...ended, door: { ...door, usd: door.usd * 20 } };
  }
}

/** An ending that says nonsense about itself; what it says must not matter. */
export function hostileEnding(random: Random, durationMs: number): RunEnding {
  const causes = Array.from({ length: random.between(0, 50) }, () => '\u202e\u0000'.repeat(50));
  const blank = { step: null, input: null, expected: null };
  return {
    ...good,
    exit: random.pick([137, -1, 255]),
    durationMs,
    stderrTail: '\u001b[2J'.repeat(100),
    door: {
      ...door,
      steps: random.pick([0, 1e9]),
      usd: random.pick([0, 1e6]),
      errors: [{ ...blank, message: '', causes }],
      calls: ['__proto__', 'constructor'],
      lastFailure: random.pick([null, { by: 'script' as const, message: 'end of script' }]),
    },
  };
}

/** Whether an ending counts against its release, by the contract and not by `decide/`. */
export const blamed = (ending: RunEnding, fault: Fault | null): boolean =>
  ending.hostFault === null &&
  fault !== null &&
  fault.how !== 'slow' &&
  fault.how !== 'costly' &&
  (ending.stoppedBy === null || ending.stoppedBy === 'timeout' || ending.stoppedBy === 'output') &&
  ending.door.lastFailure?.by !== 'upstream';
