import { nextFiring } from '../../decide/schedule.ts';
import { host } from '../../model/state.ts';
import { listRequests } from '../../store/requests.ts';
import { readStuck } from '../../store/stuck.ts';
import { bad, type Finding, good } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** The daemon lives, and its loop does: a process that sleeps beats no tick and answers nobody. */
export function daemon(ground: Ground): Finding[] {
  const { running, pid } = ground.daemon();
  if (!running) return [bad('the daemon does not run', 'Start it: `airlock start`.')];
  const stuck = readStuck(ground.layout);
  if (stuck !== null) return [bad(`its loop cannot go on: ${stuck}`, restart)];
  const late = lateTick(ground);
  if (late !== null) return [late];
  const waiting = unanswered(ground);
  return [waiting ?? good(`the daemon runs (pid ${pid}), and its loop beats`)];
}

/** After a tick was due, its record may take this long, milliseconds. */
const graceMs = 60_000;
/** A request is answered within milliseconds. */
const answerMs = 10_000;

function lateTick(ground: Ground): Finding | null {
  const since = Date.parse(ground.daemon().since ?? '');
  const from = Math.max(host(ground.state()).lastTick ?? 0, Number.isNaN(since) ? 0 : since);
  const due = nextFiring(ground.policy().policy.tick, 'UTC', from);
  if (due === null || ground.now <= due + graceMs) return null;
  const minutes = Math.floor((ground.now - due) / 60_000);
  return bad(`the daemon runs, and its tick is ${minutes} min late: its loop hangs`, restart);
}

const restart =
  'Look at its log, then restart it; `airlock rollback` and `airlock halt` work meanwhile.';

function unanswered({ layout, now }: Ground): Finding | null {
  const old = listRequests(layout).requests.filter((one) => now - timeOf(one.id, now) > answerMs);
  if (old.length === 0) return null;
  return bad(`${old.length} requests have no answer: the loop hangs`, restart);
}

/** `20261121T011850123Z-...`; a request that somebody named otherwise is taken for a new one. */
function timeOf(id: string, now: number): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-/.exec(id)?.slice(1).map(Number);
  if (parts === undefined) return now;
  const [year = 0, month = 1, day, hour, minute, second, ms] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}
