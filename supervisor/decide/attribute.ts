import { type Reason, type ReasonCode, reason } from '../model/reason.ts';
import type { Excess, RunCause, RunEnding, RunOutcome } from '../model/run.ts';

export interface Verdict {
  outcome: RunOutcome;
  cause: RunCause | null;
  reason: Reason | null;
}

/**
 * Whose fault an ended run is. Only what the supervisor and its gateway saw themselves may excuse
 * a run; what the runtime reports of itself can worsen the outcome, never improve it.
 */
export function attribute(ending: RunEnding): Verdict {
  const { door } = ending;
  if (ending.hostFault !== null) {
    return { outcome: 'failed', cause: 'host', reason: ending.hostFault };
  }
  const stopped = stoppedOnPurpose(ending);
  if (stopped !== null) return stopped;
  const quiet = ending.stoppedBy === null && ending.exit === 0 && door.errors.length === 0;
  const began = door.steps > 0 || door.turns.begun > 0;
  if (quiet && began) return fine;
  const excess = tookTooMuch(ending);
  if (excess !== null) return excess;
  const excuse = excused(ending);
  if (excuse !== null) return excuse;
  if (quiet) return emptyRun(ending);
  if (ending.stoppedBy === 'timeout') return timedOut(ending);
  return { outcome: 'failed', cause: 'runtime', reason: failure(ending) };
}

const fine: Verdict = { outcome: 'ok', cause: null, reason: null };

function stoppedOnPurpose(ending: RunEnding): Verdict | null {
  const why = ending.stoppedBy;
  if (why === 'shutdown') {
    const message = 'the supervisor stopped before the run ended';
    const because = reason('run-interrupted', { message, step: 'run' });
    return { outcome: 'interrupted', cause: null, reason: because };
  }
  if (why === 'halt') {
    const because = reason('halted', { message: 'the run was stopped by a halt', step: 'run' });
    return { outcome: 'stopped', cause: 'halt', reason: because };
  }
  if (why === 'operator' || why === 'rollback') {
    const message = why === 'operator' ? 'an operator cancelled the run' : 'its release was left';
    const because = reason('run-stopped', { message, step: 'run' });
    return { outcome: 'stopped', cause: null, reason: because };
  }
  return null;
}

/** Codes and words of what a run took too much of; the supervisor or the kernel saw it. */
const excesses: Record<Excess, readonly [ReasonCode, message: string]> = {
  output: ['run-failed', 'the run printed more than limits.run.flood and was stopped'],
  memory: ['out-of-memory', 'the run used more than limits.run.memory: the kernel ended it'],
  processes: ['too-many-processes', 'the run started more than limits.run.processes'],
  workspace: ['workspace-full', 'the run kept more than limits.run.workspace'],
  inbox: ['inbox-full', 'the run put more than limits.run.inbox into its inbox'],
  disk: ['disk-reserve', 'the disk went below host.reserve, and this run took most of it'],
};

/**
 * No provider makes a runtime print without end or eat the memory: no outage excuses it. A disk
 * that is too small for what the limits allow is the host's.
 */
function tookTooMuch(ending: RunEnding): Verdict | null {
  const why = ending.stoppedBy;
  if (why === null || !(why in excesses)) return null;
  const [code, message] = excesses[why as Excess];
  const { input, expected, actual, cause } = failure(ending);
  const because = reason(code, { message, step: 'run', input, expected, actual, cause });
  return { outcome: 'failed', cause: why === 'disk' ? 'host' : 'runtime', reason: because };
}

/**
 * The last model call got no answer and no later one did: its failure explains the run's, whether
 * the run ended with an error, reported one and exited 0, or only gave up. A call that failed for
 * what the run itself sent is no excuse, nor is an outage after one (`gateway/tally`).
 */
function excused(ending: RunEnding): Verdict | null {
  const last = ending.door.lastFailure;
  if (last === null || last.by === 'script' || last.by === 'request') return null;
  const parts = { message: last.message, step: 'model call', cause: innermostReport(ending) };
  if (last.by === 'halt') {
    return { outcome: 'stopped', cause: 'halt', reason: reason('halted', parts) };
  }
  const codes = {
    upstream: 'upstream-failed',
    budget: 'budget-exhausted',
    host: 'host-failed',
  } as const;
  return { outcome: 'failed', cause: last.by, reason: reason(codes[last.by], parts) };
}

function timedOut(ending: RunEnding): Verdict {
  const because = reason('run-timeout', {
    message: `the run was still going after ${Math.round(ending.durationMs / 1000)} s`,
    step: 'run',
    expected: 'an end within limits.run.wall',
    cause: innermostReport(ending),
  });
  return { outcome: 'failed', cause: 'timeout', reason: because };
}

function emptyRun(ending: RunEnding): Verdict {
  const because = reason('run-empty', {
    message: 'the run exited 0 without a model call and without reporting a turn',
    step: 'run',
    expected: 'at least one model call, or a reported turn',
    actual: `exit ${ending.exit}, 0 model calls, 0 turns`,
    cause: innermostReport(ending),
  });
  return { outcome: 'empty', cause: 'runtime', reason: because };
}

function failure(ending: RunEnding): Reason {
  const reported = ending.door.errors.at(-1);
  const script = ending.door.scriptFaults.at(-1);
  const how = ending.signal === null ? `exit ${ending.exit}` : `signal ${ending.signal}`;
  return reason('run-failed', {
    message: reported?.message ?? script ?? `the run ended with ${how}`,
    step: reported?.step ?? 'run',
    input: reported?.input ?? null,
    expected: reported?.expected ?? 'exit 0 and no reported error',
    actual: how,
    cause: script ?? innermostReport(ending),
  });
}

/** The innermost cause as reported, else the last line of stderr that says something. */
export function innermostReport(ending: RunEnding): string | null {
  const reported = ending.door.errors.at(-1);
  if (reported !== undefined) return reported.causes.at(-1) ?? reported.message;
  const lines = ending.stderrTail.split('\n').map((line) => line.trim());
  const error = lines.findLast(namesError);
  return error ?? lines.findLast((line) => line !== '') ?? null;
}

/** `TypeError: ...`. In two steps, as one expression takes a second for 64 KiB of `Error Error`. */
function namesError(line: string): boolean {
  return /\b\w*(Error|Exception)\b/.test(line.slice(0, Math.max(0, line.lastIndexOf(':'))));
}

/** Whether a run's end counts against its release. */
export const counts = (run: { outcome: RunOutcome; cause: RunCause | null }): boolean =>
  (run.outcome === 'failed' || run.outcome === 'empty') &&
  (run.cause === 'runtime' || run.cause === 'timeout');

/** Whether a run's end speaks for its release: it completed a turn with a model call in it. */
export const speaks = (run: { outcome: RunOutcome; steps: number }): boolean =>
  run.outcome === 'ok' && run.steps > 0;
