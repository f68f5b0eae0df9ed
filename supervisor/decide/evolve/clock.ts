import type { BakeRecord, CanaryRecord } from '../../model/deployment.ts';
import type { RunBrief } from '../../model/run.ts';
import type { RunPath } from '../../model/runtime.ts';
import { deployment, host } from '../../model/state.ts';
import type { Draft } from '../draft.ts';
import { nextFiring, nextStart } from '../schedule.ts';

/**
 * The wall clock was set, or the machine slept: waits, deadlines and bakes go on as if it had not,
 * so that none ends early and none lasts an hour longer. Schedules are of the wall clock itself,
 * and people's time (an approval) is the calendar's.
 */
export function clockMoved(draft: Draft, by: number): void {
  for (const row of draft.state.retries.values()) {
    draft.put('retries', row.key, { ...row, at: row.at + by });
  }
  const { lastTick, proofs, audit, declined } = host(draft.state);
  draft.host({
    lastTick: lastTick === null ? null : Math.min(draft.now, lastTick + by),
    proofs: proofs.map((one) => ({ ...one, at: one.at + by })),
    ...(audit ? { audit: { ...audit, at: audit.at + by } } : {}),
    ...(declined ? { declined: { ...declined, at: declined.at + by } } : {}),
    repeats: by < 0 ? Math.max(host(draft.state).repeats ?? 0, draft.now - by) : null,
  });
  const slot = deployment(draft.state);
  if (slot !== null) {
    const since = slot.since + by;
    draft.deployment({ since, canary: canaryOf(slot.canary, by), bake: bakeOf(slot.bake, by) });
  }
  for (const { name } of draft.state.agents.values()) agentFollows(draft, name, by);
}

const later = (by: number) => (run: RunBrief) => ({ ...run, endedAt: run.endedAt + by });

function canaryOf(canary: CanaryRecord | null, by: number): CanaryRecord | null {
  if (canary === null) return null;
  const { startedAt, deadline, runs } = canary;
  const moved = { startedAt: startedAt + by, deadline: deadline + by };
  return { ...canary, ...moved, runs: runs.map(later(by)) };
}

function bakeOf(bake: BakeRecord | null, by: number): BakeRecord | null {
  if (bake === null) return null;
  const { startedAt, runs, suspects, confirm, firstEvidence } = bake;
  return {
    startedAt: startedAt + by,
    runs: runs.map(later(by)),
    suspects: suspects.map(later(by)),
    confirm: confirm === null ? null : { ...confirm, notBefore: confirm.notBefore + by },
    firstEvidence: firstEvidence === null ? null : firstEvidence + by,
  };
}

function agentFollows(draft: Draft, name: string, by: number): void {
  draft.agent(name, ({ recent, waitUntil, paths }) => {
    const next = Object.entries(paths).map(([path, own]) => {
      const schedule = { agent: name, path, cron: own.cron };
      const { jitter } = draft.policy.policy.limits;
      const fresh = () => nextStart(schedule, own.zone, draft.now, jitter);
      const stuck = by < 0 && interval(own.cron, own.zone, draft.now) < -by;
      return [path as RunPath, stuck ? { ...own, next: Math.min(own.next, fresh()) } : own];
    });
    const waits = waitUntil === 0 ? 0 : waitUntil + by;
    return { recent: recent.map(later(by)), waitUntil: waits, paths: Object.fromEntries(next) };
  });
}

/**
 * From one firing to the next. A path that fires rarer than the clock went back waits for the
 * firing that it has not had; one that fires oftener would miss many, and begins anew.
 */
function interval(cron: string, zone: string, after: number): number {
  const first = nextFiring(cron, zone, after);
  const second = first === null ? null : nextFiring(cron, zone, first);
  return first === null || second === null ? Number.POSITIVE_INFINITY : second - first;
}
