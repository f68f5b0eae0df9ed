import { userName } from '../../host/users.ts';
import type { Layout } from '../../model/layout.ts';
import type { Request } from '../../model/request.ts';
import { daemonState } from '../../store/daemon.ts';
import { takeLock } from '../../store/lock.ts';
import { readAnswer, writeRequest } from '../../store/requests.ts';
import { answered, waitForAnswer } from '../ask.ts';
import { type Call, flag, type Result, text } from '../call.ts';

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
  const lock = daemonState(call.layout).running ? null : takeLock(call.layout);
  if (lock === null) return throughDaemon(call, ask);
  try {
    const { rollbackAlone } = await import('../break-glass/alone.ts');
    return rollbackAlone(call, ask, operatorName());
  } finally {
    lock.release();
  }
}

/** Somebody holds the writer lock: it is theirs to do, unless they do not answer. */
async function throughDaemon(call: Call, ask: Ask): Promise<Result> {
  const { layout } = call;
  const id = writeRequest(layout, ask, call.now());
  const answer = await waitForAnswer(layout, id, patienceMs);
  if (answer !== null) return answered(call, answer);
  const { rollbackOverHead } = await import('../break-glass/over-head.ts');
  const done = rollbackOverHead(call, ask, id);
  // The daemon may have come back to itself just now: then its word counts.
  return lateAnswer(call, layout, id) ?? done;
}

function lateAnswer(call: Call, layout: Layout, id: string): Result | null {
  const answer = readAnswer(layout, id);
  return answer === null ? null : answered(call, answer);
}

const operatorName = () => `${userName(process.getuid?.() ?? 0)} (break glass)`;
