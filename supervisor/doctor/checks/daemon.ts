import { lateTick } from '../../decide/alive.ts';
import { isStopped } from '../../host/process/process-identity.ts';
import { timeOfId } from '../../model/duration.ts';
import { numbered } from '../../model/numbered.ts';
import { host } from '../../model/state.ts';
import { listRequests } from '../../store/requests.ts';
import { readStuck } from '../../store/stuck.ts';
import { bad, type Finding, good } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** The daemon lives, and its loop does: a process that sleeps beats no tick and answers nobody. */
export function daemon(ground: Ground): Finding[] {
  const { running, pid } = ground.daemon();
  if (!running) {
    const remedy = ground.hostInstall
      ? '`systemctl reset-failed airlock; systemctl start airlock`, and its `systemctl status`.'
      : 'Start it: `airlock start`.';
    return [bad('the daemon does not run', remedy)];
  }
  if (pid !== null && isStopped(pid)) {
    return [bad(`the daemon (pid ${pid}) is stopped: it answers nobody`, goOn(pid))];
  }
  const stuck = readStuck(ground.layout);
  if (stuck !== null) return [bad(`its loop cannot go on: ${stuck}`, restart)];
  // First what needs no journal: a loop that hangs is told although that is damaged, too.
  const waiting = unanswered(ground);
  if (waiting !== null) return [waiting];
  return [late(ground) ?? good(`the daemon runs (pid ${pid}), and its loop beats`)];
}

const goOn = (pid: number) =>
  `Let it go on, \`kill -CONT ${pid}\`, or restart it; rollback and halt work meanwhile.`;

/** A request is answered within milliseconds. */
const answerMs = 10_000;

function late(ground: Ground): Finding | null {
  const since = Date.parse(ground.daemon().since ?? '');
  const { lastTick } = host(ground.state());
  const { tick } = ground.policy().policy;
  const by = lateTick({ tick, lastTick, since: Number.isNaN(since) ? 0 : since }, ground.now);
  if (by === null) return null;
  const minutes = Math.floor(by / 60_000);
  return bad(`the daemon runs, and its tick is ${minutes} min late: its loop hangs`, restart);
}

const restart =
  'Look at its log, then restart it; `airlock rollback` and `airlock halt` work meanwhile.';

function unanswered({ layout, now }: Ground): Finding | null {
  const old = listRequests(layout).requests.filter((one) => now - timeOfId(one.id, now) > answerMs);
  if (old.length === 0) return null;
  return bad(`${numbered(old.length, 'request')} without an answer: the loop hangs`, restart);
}
