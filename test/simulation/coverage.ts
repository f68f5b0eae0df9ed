import type { Mark } from '../../supervisor/model/mark.ts';
import type { Phase } from '../../supervisor/model/proposal.ts';
import type { Verb } from '../../supervisor/model/request.ts';
import type { StepKind } from '../../supervisor/model/step.ts';

/** How often each must have happened in a thousand histories; a simulation without it is blind. */
const phases: Record<Phase, number> = {
  received: 2000,
  staging: 2000,
  gating: 1500,
  'awaiting-approval': 300,
  canary: 900,
  promoting: 600,
  baking: 600,
  stable: 500,
  refused: 1000,
  aborted: 250,
  'rolled-back': 100,
  withdrawn: 80,
};

const marks: Record<Mark['mark'], number> = {
  begin: 2000,
  gate: 3000,
  'ask-approval': 300,
  approved: 80,
  'approval-void': 10,
  unheld: 3,
  canary: 900,
  promote: 600,
  end: 700,
  cleared: 15,
  stable: 500,
  rollback: 150,
  'current-moved': 15,
  unbarred: 40,
  answered: 1500,
  'forget-answer': 1500,
  forget: 1500,
  scheduled: 500,
  unscheduled: 3,
  missed: 80,
  interrupted: 60,
  switches: 500,
  policy: 300,
  'policy-try': 100,
  'policy-declined': 30,
  tick: 1500,
  clock: 300,
  // Told by the process around the loop, of itself and of its journal.
  covered: 0,
  'journal-found': 0,
  'journal-known': 0,
  started: 0,
  stopped: 0,
};

const steps: Record<StepKind, number> = {
  seal: 3000,
  stage: 2000,
  deps: 15,
  build: 1500,
  smoke: 1500,
  'try-policy': 80,
  run: 5000,
  stop: 25,
  cancel: 25,
  flip: 1000,
  receipt: 8000,
  answer: 1500,
  notify: 300,
  halt: 25,
  audit: 300,
  discard: 120,
};

const verbs: Record<Verb, number> = {
  approve: 80,
  reject: 30,
  withdraw: 40,
  promote: 15,
  abort: 25,
  rollback: 0,
  unbar: 40,
  // The simulation's journal is never damaged.
  acknowledge: 0,
  run: 300,
  cancel: 2,
  'policy-apply': 30,
  'policy-rollback': 12,
};

const others: Record<string, number> = {
  crash: 800,
  'weather full': 250,
  'weather outage': 250,
  'weather unreadable': 80,
  'weather unsafe': 80,
  'found unsafe': 20,
  'link moved': 60,
  'link removed': 20,
  'drop taken back': 3,
  'outcome seal gone': 1,
  'outcome flip moved': 5,
  'outcome deps no-deps': 5,
  'rollback on evidence': 30,
  'rollback by an operator': 50,
  'invariant 6 held': 20,
  'passed in the queue': 500,
  'approved canary': 50,
  'approval too old': 1,
  'policy by first': 5,
  'policy by smoke': 60,
  'policy by rollback': 12,
  fold: 200,
  'quiet end': 990,
};

const refusals = {
  malformed: 150,
  'path-not-allowed': 40,
  'path-outside': 40,
  'queue-full': 150,
  'unknown-base': 40,
  'unknown-proposal': 150,
  'wrong-phase': 5,
  'stale-base': 80,
  'no-op': 60,
  'deps-failed': 5,
  'known-bad': 25,
  'gate-config': 40,
  'gate-build': 25,
  'gate-smoke': 20,
  'gate-error': 150,
  'host-failed': 60,
  rejected: 30,
  'approval-expired': 10,
  'operator-abort': 15,
  'operator-rollback': 10,
};

const ends = {
  'canary-failed': 180,
  'canary-slow': 20,
  'canary-costly': 15,
  'canary-inconclusive': 25,
  'bake-failed': 25,
  'bake-inconclusive': 5,
};

const named = (prefix: string, wanted: Record<string, number>, suffix = '') =>
  Object.entries(wanted).map(([name, least]) => [`${prefix}${name}${suffix}`, least] as const);

const wanted: readonly (readonly [string, number])[] = [
  ...named('phase ', phases),
  ...named('mark ', marks),
  ...named('step ', steps),
  ...named('request ', verbs, ' done'),
  ...named('refusal ', refusals),
  ...named('reason ', ends),
  ...named('', others),
];

/** What happened too rarely in so many histories: name, how often, how often at least. */
export function missing(seen: ReadonlyMap<string, number>, histories: number): string[] {
  return wanted.flatMap(([name, least]) => {
    const often = seen.get(name) ?? 0;
    const enough = Math.floor((least * histories) / 1000);
    return often >= enough ? [] : [`${name}: ${often} of at least ${enough}`];
  });
}
