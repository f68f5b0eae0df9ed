import { kindOf } from '../../host/files/files.ts';
import { userName } from '../../host/sandbox/users.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure } from '../../model/reason.ts';
import type { Request } from '../../model/request.ts';
import { daemonState } from '../../store/daemon.ts';
import { takeLock } from '../../store/lock.ts';
import { readAnswer, takeBackRequest, writeRequest } from '../../store/requests.ts';
import { answered, mustBeAskable, waitForAnswer } from '../ask.ts';
import { type Call, flag, type Result, text } from '../call.ts';
import { hideKnownKeys } from '../policy.ts';

type Ask = Request & { verb: 'rollback' };

/** A daemon that has not answered after this has lost its say, milliseconds. */
const patienceMs = 2000;

/** Back to another release: asked of the daemon, or done here when nobody answers. */
export async function verb(call: Call): Promise<Result> {
  const ask: Ask = {
    verb: 'rollback',
    to: text(call, 'to'),
    keep: flag(call, 'keep'),
    reason: text(call, 'reason') ?? '',
    flipped: null,
  };
  mustBeAskable(ask);
  mustHaveStarted(call.layout);
  hideKnownKeys(call);
  const { running } = daemonState(call.layout);
  if (!running) {
    const { mustBeOurs } = await import('../break-glass/flip.ts');
    mustBeOurs(call.layout.root, 'not-running');
  }
  const lock = running ? null : takeLock(call.layout);
  if (lock === null) return throughDaemon(call, ask);
  try {
    const { rollbackAlone } = await import('../break-glass/alone.ts');
    return rollbackAlone(call, ask, operatorName());
  } finally {
    lock.release();
  }
}

/** Where nothing was ever started there is nothing to go back to, and nothing is made here. */
function mustHaveStarted(layout: Layout): void {
  const there = [layout.journal, layout.current].some((path) => kindOf(path) !== 'absent');
  if (there) return;
  throw new Failure('not-found', {
    message: `nothing was ever started in ${layout.root}: there is no release to go back to`,
    step: 'rollback',
    input: layout.root,
    expected: 'the ROOT of a host, with `current` and var/state/journal.db',
    actual: kindOf(layout.root) === 'absent' ? 'no such folder' : 'neither of them',
    hint: 'Name its ROOT with --root or $AIRLOCK_ROOT; `airlock start` makes the first release.',
  });
}

/** Somebody holds the writer lock: it is theirs to do, unless they do not answer. */
async function throughDaemon(call: Call, ask: Ask): Promise<Result> {
  const { layout } = call;
  const id = writeRequest(layout, ask, call.now());
  const answer = await waitForAnswer(layout, id, patienceMs);
  if (answer !== null) return answered(call, answer);
  const { rollbackOverHead } = await import('../break-glass/over-head.ts');
  // The daemon may come back to itself at any instant: then its word counts.
  try {
    const done = rollbackOverHead(call, ask, id);
    return lateAnswer(call, layout, id) ?? done;
  } catch (error) {
    // Who hears that it is not done must not find it done later.
    takeBackRequest(layout, id);
    const late = lateAnswer(call, layout, id);
    if (late === null) throw error;
    return late;
  }
}

function lateAnswer(call: Call, layout: Layout, id: string): Result | null {
  const answer = readAnswer(layout, id);
  return answer === null ? null : answered(call, answer);
}

const operatorName = () => `${userName(process.getuid?.() ?? 0)} (break glass)`;
