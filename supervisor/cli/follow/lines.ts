/** A scene as lines: pure. Each line has a key, so that it is told once. */
import { numbered } from '../../model/numbered.ts';
import type { GateResult } from '../../model/proposal.ts';
import type { Run } from '../../model/run.ts';
import { approveVerb } from '../shape/approval.ts';
import { line, uncut } from '../show/escape.ts';
import type { Paint } from '../show/paint.ts';
import { span } from '../show/time.ts';
import { outcomeWord, phaseWord } from '../show/words.ts';
import type { Scene } from './scene.ts';

export interface Line {
  key: string;
  /** Milliseconds since 1970. */
  at: number;
  text: string;
}

/** Everything that has happened so far, in order. */
export function linesOf(scene: Scene, paint: Paint): Line[] {
  const { proposal, history, runs } = scene;
  const phases = history.map((one, index) => {
    const more = phaseSays(scene, one.phase, paint);
    const text = `${phaseWord(one.phase, paint)}${more === '' ? '' : `  ${more}`}`;
    return { key: `phase ${index}`, at: one.at, text };
  });
  const gating = history.findLast((one) => one.phase === 'gating')?.at ?? 0;
  const gates = proposal.gates.map((gate) => {
    return { key: `gate ${gating} ${gate.name}`, at: gating, text: gateText(gate, paint) };
  });
  const ended = runs.flatMap((run) => runLine(run, paint));
  return merge(phases, gates, ended);
}

/** By time; gates belong right behind the phase that they ran in. */
function merge(...lists: Line[][]): Line[] {
  return lists.flat().toSorted((a, b) => a.at - b.at);
}

function phaseSays({ proposal, slot }: Scene, phase: string, paint: Paint): string {
  if (phase === 'received') return paint.dim(uncut(proposal.id));
  if (phase === 'gating') return proposal.release ?? '';
  if (phase === 'canary') return `on ${proposal.canary?.agent ?? 'one agent'}`;
  if (phase === 'baking') return 'all agents run on it';
  if (phase === 'awaiting-approval' && slot === null && proposal.phase === phase) {
    return `airlock diff ${uncut(proposal.id)}, then ${uncut(approveVerb(proposal))}`;
  }
  return '';
}

function gateText({ name, outcome, ms, findings }: GateResult, paint: Paint): string {
  const sign = outcome === 'pass' ? paint.green('pass') : paint.red(outcome);
  const head = `  gate ${name.padEnd(6)}  ${sign}  ${paint.dim(span(ms))}`;
  const told = findings.slice(0, 5).map(({ subject, reason }) => {
    return `\n    ${line(subject, 80)}: ${line(reason.cause ?? reason.message, 200)}`;
  });
  return head + told.join('');
}

function runLine(run: Run, paint: Paint): Line[] {
  if (run.endedAt === null) return [];
  const took = run.durationMs === null ? '' : `  ${paint.dim(span(run.durationMs))}`;
  const word = outcomeWord(run.outcome, run.cause, paint);
  const why = run.reason === null ? '' : `  ${line(run.reason.message, 100)}`;
  const text = `  ${run.kind} run  ${line(run.agent)}/${run.path}  ${word}${took}${why}`;
  return [{ key: `run ${run.id}`, at: Date.parse(run.endedAt), text }];
}

/** What is going on just now, for the line that moves. */
export function nowText(scene: Scene, now: number, bakeMs: number | null): string {
  const { proposal, slot, runs, queued } = scene;
  const since = slot?.since ?? Date.parse(proposal.phaseAt);
  const running = runs.filter((run) => run.outcome === 'running');
  const who = running.map((run) => `${run.agent}/${run.path}`).join(', ');
  const parts = [proposal.phase, span(now - since)];
  if (proposal.phase === 'received' && queued > 1) parts.push(`${queued} in the queue`);
  if (proposal.phase === 'gating') parts.push(`gate ${nextGate(proposal.gates)}`);
  if (slot?.phase === 'canary' && slot.canary !== null) {
    parts.push(
      `${numbered(slot.canary.runs.length, 'run')}, ${span(slot.canary.deadline - now)} left`,
    );
  }
  if (slot?.bake && bakeMs !== null) parts.push(bakeLeft(slot.bake.startedAt + bakeMs - now));
  return line([...parts, ...(who === '' ? [] : [`runs: ${who}`])].join(' · '), 150);
}

const bakeLeft = (ms: number) =>
  ms > 0 ? `stable in ${span(ms)} at the earliest` : 'waits for every agent to have run';

function nextGate(gates: readonly GateResult[]): string {
  const done = new Set(gates.map((gate) => gate.name));
  return (
    (['policy', 'config', 'build', 'smoke'] as const).find((name) => !done.has(name)) ?? 'done'
  );
}
