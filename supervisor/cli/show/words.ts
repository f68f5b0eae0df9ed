/** Phases, outcomes and states in the colour of what they mean. */
import type { Phase } from '../../model/proposal.ts';
import type { ReleaseState } from '../../model/release.ts';
import type { RunCause, RunOutcome } from '../../model/run.ts';
import type { Paint } from './paint.ts';

type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

const phases: Record<Phase, Colour> = {
  received: 'dim',
  staging: 'bold',
  gating: 'bold',
  'awaiting-approval': 'yellow',
  canary: 'bold',
  promoting: 'bold',
  baking: 'bold',
  stable: 'green',
  refused: 'red',
  aborted: 'red',
  'rolled-back': 'red',
  withdrawn: 'dim',
};

export const phaseWord = (phase: Phase, paint: Paint) => paint[phases[phase]](phase);

const outcomes: Record<RunOutcome, Colour> = {
  running: 'bold',
  ok: 'green',
  empty: 'red',
  failed: 'red',
  stopped: 'yellow',
  interrupted: 'yellow',
};

export function outcomeWord(outcome: RunOutcome, cause: RunCause | null, paint: Paint): string {
  const word = cause === null ? outcome : `${outcome} (${cause})`;
  return paint[outcomes[outcome]](word);
}

const states: Record<ReleaseState, Colour> = {
  current: 'green',
  candidate: 'yellow',
  stable: 'bold',
  retired: 'dim',
  bad: 'red',
};

export const stateWord = (state: ReleaseState, paint: Paint) => paint[states[state]](state);

/** `$0.0123`: enough digits to tell cheap from free. */
export const dollars = (usd: number) =>
  `$${usd === 0 || usd >= 1 ? usd.toFixed(2) : usd.toFixed(4)}`;
