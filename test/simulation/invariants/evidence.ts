import type { RunEnding } from '../../../supervisor/model/run.ts';
import { deployment } from '../../../supervisor/model/state.ts';
import { blamed } from '../endings.ts';
import type { Oracle } from '../oracle.ts';
import { longestRun, tickEvery } from '../policies.ts';
import type { Process } from '../processes.ts';

/**
 * Invariant 6, exactly: a run of the release that bakes has failed through a fault that comes
 * every time and that the release before did not have, for an agent that both have; from then on
 * nothing goes wrong but the release. Then it is off `current` within one tick and the time of
 * three runs: the one that its agent may be in, the rerun on it, and the rerun on the stable one.
 * Without a release before it that may be started there is nothing to confirm it on.
 */
const within = tickEvery + 3 * longestRun + 10_000;

export class Evidence {
  readonly #oracle: Oracle;
  #open: { release: string; since: number } | null = null;

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  /** The world interfered: the time limit no longer holds. */
  spoil(): void {
    this.#open = null;
  }

  ended(process: Process, ending: RunEnding): void {
    const { world } = this.#oracle;
    const { spec, fault } = process;
    const slot = deployment(world.journal.state);
    if (slot?.phase !== 'baking' || slot.candidate?.release !== spec.release) return;
    if (!blamed(ending, fault) || this.#open !== null || fault?.chance !== 1) return;
    const { full, outage, unreadable, unsafe, idle } = world.weather;
    if (unsafe || this.#oracle.audit === 'unsafe') return;
    if (full || outage || unreadable || idle > 0 || world.disk.switches.size > 0) return;
    const onto = slot.onto === null ? undefined : world.disk.releases.get(slot.onto);
    const before = onto?.agents?.some((agent) => agent.name === spec.agent.name) ?? false;
    // Another fault in the release before may explain this one, or be taken for it.
    const clean = onto?.changes.every((change) => change.fault === null) ?? false;
    const alone = world.disk.releases
      .get(spec.release)
      ?.changes.every((change) => change.fault === null || change.fault === fault);
    const barred = onto === undefined || this.#oracle.records.bad.has(onto.digest);
    if (!before || barred || !clean || alone !== true) return;
    if (this.#oracle.records.excused(spec)) return;
    this.#open = { release: spec.release, since: world.agenda.now };
  }

  check(): void {
    const open = this.#open;
    if (open === null) return;
    const { disk, agenda } = this.#oracle.world;
    const took = agenda.now - open.since;
    if (disk.current !== open.release) {
      this.#open = null;
      this.#oracle.count('invariant 6 held');
      return;
    }
    const late = () => `${open.release} is current ${took / 1000} s after its first evidence`;
    this.#oracle.check(took <= within, 'invariant 6', late);
  }
}
