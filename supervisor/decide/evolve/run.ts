import type { BakeRecord } from '../../model/deployment.ts';
import { instant } from '../../model/duration.ts';
import { type Reason, reason } from '../../model/reason.ts';
import {
  leftWords,
  type Run,
  type RunBrief,
  type RunEnding,
  type RunSpec,
} from '../../model/run.ts';
import { type AgentRecord, deployment, recentRuns } from '../../model/state.ts';
import { attribute, counts, type Verdict } from '../attribute.ts';
import { confirmed } from '../bake.ts';
import { alsoFailsOn } from '../baseline.ts';
import type { Draft } from '../draft.ts';

interface End extends Verdict {
  at: number;
  durationMs: number;
  usd: number;
  steps: number;
  rehearsed: boolean;
  notes?: string[];
}

/** A run has ended: it is judged once, here, and what it says goes to whom it concerns. */
export function runEnded(draft: Draft, spec: RunSpec, ending: RunEnding, at: number): void {
  const { usd, steps, rehearsed } = ending.door;
  const { durationMs } = ending;
  // Its end may have been written down just before the clock was set back.
  const ended = Math.min(at, draft.now);
  const notes = ending.left ? { notes: [leftWords(ending.left)] } : {};
  const end = { ...attribute(ending), ...notes, at: ended };
  close(draft, spec, { ...end, durationMs, usd, steps, rehearsed });
}

/** The run never came to be: the host's fault. */
export function runFailedToStart(draft: Draft, spec: RunSpec, because: Reason): void {
  const blank = { durationMs: 0, usd: 0, steps: 0, rehearsed: false };
  const halted = because.code === 'halted';
  const verdict: Verdict = halted
    ? { outcome: 'stopped', cause: 'halt', reason: because }
    : { outcome: 'failed', cause: 'host', reason: because };
  close(draft, spec, { ...verdict, at: draft.now, ...blank });
}

/** Cut off by a crash of the supervisor: no evidence of anything. */
export function runInterrupted(draft: Draft, id: string, usd: number): void {
  const run = draft.state.runs.get(id);
  if (run === undefined) return;
  const message = 'the supervisor went away while the run was going on';
  const because = reason('run-interrupted', { message, step: 'run', input: id });
  const endedAt = instant(draft.now);
  const end = { outcome: 'interrupted' as const, endedAt, reason: because, usd };
  draft.put('runs', id, { ...run, ...end }, false);
  last(draft, { ...run, ...end });
}

function close(draft: Draft, spec: RunSpec, end: End): void {
  const running = draft.state.runs.get(spec.id);
  if (running === undefined) return;
  const { at, ...facts } = end;
  const run: Run = { ...running, ...facts, endedAt: instant(at) };
  draft.put('runs', run.id, run, false);
  last(draft, run);
  const brief = briefOf(run, at);
  draft.agent(run.agent, ({ recent }) => ({ recent: [...recent, brief].slice(-recentRuns) }));
  forCanary(draft, brief);
  forBake(draft, brief);
}

function last(draft: Draft, run: Run): void {
  const { id, outcome, cause, endedAt } = run;
  const lastRun = { id, outcome, cause, at: endedAt ?? instant(draft.now) };
  draft.agent(run.agent, (before) => ({ lastRun, ...dueAgain(before, run, draft.now) }));
}

/**
 * What the supervisor's own end cut off is due again at once. Not twice in a row: a run that ends
 * its supervisor would do it again and again; it waits for its next firing.
 */
function dueAgain({ lastRun, paths }: AgentRecord, run: Run, now: number): Partial<AgentRecord> {
  const own = paths[run.path];
  if (run.outcome !== 'interrupted' || own === undefined) return {};
  if (lastRun?.outcome === 'interrupted') return {};
  return { paths: { ...paths, [run.path]: { ...own, next: Math.min(own.next, now) } } };
}

const briefOf = (run: Run, endedAt: number): RunBrief => ({
  id: run.id,
  agent: run.agent,
  path: run.path,
  release: run.release,
  kind: run.kind,
  outcome: run.outcome,
  cause: run.cause,
  durationMs: run.durationMs ?? 0,
  usd: run.usd,
  steps: run.steps,
  endedAt,
});

function forCanary(draft: Draft, run: RunBrief): void {
  const slot = deployment(draft.state);
  if (slot?.phase !== 'canary' || slot.canary?.agent !== run.agent) return;
  if (slot.candidate?.release !== run.release) return;
  draft.deployment({ canary: { ...slot.canary, runs: [...slot.canary.runs, run] } });
  const proposal = slot.proposal === null ? null : draft.state.proposals.get(slot.proposal);
  if (proposal?.canary) {
    const runs = [...proposal.canary.runs, run.id];
    draft.proposal(proposal.id, { canary: { ...proposal.canary, runs } });
  }
}

function forBake(draft: Draft, run: RunBrief): void {
  const slot = deployment(draft.state);
  if (slot?.phase !== 'baking' || slot.bake === null) return;
  const onCandidate = slot.candidate?.release === run.release;
  const { bake } = slot;
  if (run.kind === 'confirm') {
    draft.deployment({ bake: { ...bake, confirm: confirmed(bake, run, onCandidate) } });
  } else if (onCandidate) {
    const others = bake.runs.filter((one) => one.agent !== run.agent || one.path !== run.path);
    const record = draft.state.agents.get(run.agent);
    const suspect = counts(run) && !alsoFailsOn(run, record, slot.onto);
    const change: Partial<BakeRecord> = suspect
      ? { suspects: [...bake.suspects, run], firstEvidence: bake.firstEvidence ?? draft.now }
      : {};
    draft.deployment({ bake: { ...bake, runs: [...others, run], ...change } });
  }
}
