import { instant } from '../../model/duration.ts';
import type { Entry } from '../../model/entry.ts';
import type { Run, RunSpec } from '../../model/run.ts';
import { deployment } from '../../model/state.ts';
import type { Draft } from '../draft.ts';
import { firingsBetween, nextStart } from '../schedule.ts';

/** A step is about to start: its intent is on record until its outcome is. */
export function intended(draft: Draft, entry: Entry & { type: 'intent' }): void {
  const { key, step, at } = entry;
  const before = draft.state.pending.get(key);
  const attempts = (before?.attempts ?? 0) + 1;
  draft.put('pending', key, { key, step, since: before?.since ?? at, attempts });
  // What is written is the row as it is when it is written: a later phase asks for it again.
  if (step.do === 'receipt') draft.put('receipts', step.proposal, null);
  if (step.do === 'run' && before === undefined) runIntended(draft, step.run, at);
}

function runIntended(draft: Draft, spec: RunSpec, at: number): void {
  const run: Run = {
    id: spec.id,
    agent: spec.agent.name,
    path: spec.path,
    release: spec.release,
    kind: spec.kind,
    deployment: spec.deployment,
    outcome: 'running',
    cause: null,
    reason: null,
    startedAt: instant(at),
    endedAt: null,
    durationMs: null,
    usd: 0,
    steps: 0,
    policy: spec.policy,
    rehearsed: false,
  };
  draft.put('runs', run.id, run);
  if (!spec.extra) advanceSchedule(draft, spec, at);
  countExtra(draft, spec);
}

function advanceSchedule(draft: Draft, spec: RunSpec, at: number): void {
  draft.agent(spec.agent.name, ({ name, paths }) => {
    const own = paths[spec.path];
    if (own === undefined) return {};
    const schedule = { agent: name, path: spec.path, cron: own.cron };
    const next = nextStart(schedule, own.zone, at, draft.policy.policy.limits.jitter);
    const missed = own.missed + firingsBetween(own.cron, own.zone, own.next, at);
    return { paths: { ...paths, [spec.path]: { ...own, next, missed } } };
  });
}

/** Runs of the canary beyond its schedule, and paired ones on `current`, are limited by policy. */
function countExtra(draft: Draft, spec: RunSpec): void {
  const canary = deployment(draft.state)?.canary ?? null;
  if (canary === null || canary.agent !== spec.agent.name || !spec.extra) return;
  const change =
    spec.kind === 'canary' ? { extra: canary.extra + 1 } : { paired: canary.paired + 1 };
  draft.deployment({ canary: { ...canary, ...change } });
}
