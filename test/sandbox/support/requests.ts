import type { Programs } from '../../../supervisor/host/process/programs.ts';
import type { Bounds } from '../../../supervisor/model/job.ts';
import type { GateResult } from '../../../supervisor/model/proposal.ts';
import type { RunEnding, RunKind } from '../../../supervisor/model/run.ts';
import type { Rehearsal, Scenario, ScriptTurn } from '../../../supervisor/model/scenario.ts';
import type { SmokeFacts } from '../../../supervisor/model/step.ts';
import type { TraceLine } from '../../../supervisor/model/trace.ts';

/** What a test asks of the driver, which stands for the supervisor. */
export interface DriverRequest {
  /** A ROOT with release/, deps/, tools/ beside the usual folders. */
  base: string;
  /** Socket of a launcher that starts runs. */
  launcher?: string;
  /** A group below which runs get theirs. */
  cgroup?: string;
  /** What a run may take, beside the defaults. */
  bounds?: Partial<Bounds>;
  /** To take a program away. */
  programs?: Partial<Programs>;
  run?: RunRequest;
  smoke?: { suite: Scenario[]; own?: Scenario[]; within?: number; entry: string[] };
  rehearse?: { suite: Scenario[]; within?: number; entry: string[] };
  build?: { checks: string[][]; within?: number };
}

export interface RunRequest {
  entry: string[];
  kind?: RunKind;
  /** Milliseconds. */
  wall?: number;
  output?: number;
  flood?: number;
  script?: ScriptTurn[];
  halted?: boolean;
  /** Stop it at once, or when the run made /workspace/ready. */
  stop?: { when: 'at once' | 'ready'; why: 'halt' | 'operator' | 'rollback' | 'shutdown' };
  /** The disk is full: no trace line can be written. */
  traceFails?: boolean;
}

export interface DriverAnswer {
  run?: { ending: RunEnding; trace: TraceLine[]; left: string[] };
  smoke?: SmokeFacts;
  rehearse?: Rehearsal[];
  build?: GateResult;
  /** What is left in the folder of runs' places. */
  places: string[];
}
