import type { GateResult } from '../../supervisor/model/proposal.ts';
import { reason } from '../../supervisor/model/reason.ts';
import { type Rehearsal, scenarioSchema } from '../../supervisor/model/scenario.ts';
import type { Outcome } from '../../supervisor/model/step.ts';
import type { Change } from './content.ts';
import type { Folder } from './disk.ts';
import { goodEnding, stoppedEnding, upstreamEnding } from './endings.ts';

const scenario = scenarioSchema.parse({ name: 'a task is completed', path: 'task' });

const rehearsal = (ending: Rehearsal['ending']): Rehearsal => ({
  ...{ scenario, from: 'suite', agent: 'maker', files: {} },
  ending,
});

const passes = [rehearsal(goodEnding(100))];
const fails = [rehearsal({ ...goodEnding(100), exit: 1, stderrTail: 'Error: broken' })];
const halted = [rehearsal(stoppedEnding(100, 'halt'))];
const blameless = [rehearsal(upstreamEnding(100))];
const because = reason('gate-build', { message: 'the check failed', step: 'gate build' });

type Verdict = Change['smoke'];

/** The worst of a release's changes. */
export const smokeOf = (changes: readonly Change[]): Verdict =>
  changes.find((change) => change.smoke !== 'pass')?.smoke ?? 'pass';
export const buildOf = (changes: readonly Change[]): Change['build'] =>
  changes.find((change) => change.build !== 'pass')?.build ?? 'pass';

/** What the build checks say of a release. */
export function built(folder: Folder): Outcome {
  const outcome = buildOf(folder.changes);
  const findings = outcome === 'pass' ? [] : [{ subject: 'tsc', reason: because }];
  const gate: GateResult = { name: 'build', outcome, ms: 5, findings };
  return { of: 'built', gate };
}

interface How {
  outage: boolean;
  /** Nothing runs: the switches are read right before each run. */
  halted: boolean;
  dishonest: boolean;
  proven: boolean;
  suite: string;
}

/** What the smoke suite says of a release; during an outage of the provider nothing passes. */
export function rehearsed(folder: Folder, current: Folder | null, how: How): Outcome {
  const of = (one: Folder) => {
    if (how.halted) return halted;
    if (how.outage) return blameless;
    const verdict = smokeOf(one.changes);
    if (verdict === 'pass') return passes;
    return verdict === 'fail' ? fails : verdict === 'empty' ? [] : blameless;
  };
  return {
    of: 'rehearsed',
    smoke: {
      ms: 10,
      candidate: of(folder),
      current: current === null ? null : how.proven ? 'proven' : of(current),
      broken: how.halted ? halted : how.dishonest ? passes : fails,
      suite: how.suite,
      faults: [],
    },
  };
}
