import type { Layout } from '../model/layout.ts';
import type { ReleaseId } from '../model/release.ts';
import type { Agent } from '../model/runtime.ts';
import { readRuntimeConfig } from '../store/runtime-config.ts';

export interface AgentsReader {
  /** Agents of some releases; null where a configuration does not parse. */
  read(releases: Iterable<ReleaseId>): Map<ReleaseId, Agent[] | null>;
  /** Releases that could not be read at the last look, for the host's cause; and that cause. */
  faults(): ReadonlyMap<ReleaseId, string>;
}

/**
 * Releases never change: each is read once, until it is not asked for any more. A read that failed
 * for the host's cause is tried again.
 */
export function agentsReader(layout: Layout): AgentsReader {
  let known = new Map<ReleaseId, Agent[] | null>();
  const passed = new Map<ReleaseId, string>();
  const read = (releases: Iterable<ReleaseId>) => {
    passed.clear();
    const readOne = (release: ReleaseId) => {
      const { agents, faults, passing } = readRuntimeConfig(layout, release);
      if (passing) passed.set(release, faults[0]?.actual ?? '');
      return agents;
    };
    const found = new Map<ReleaseId, Agent[] | null>();
    for (const release of releases) {
      const agents = known.get(release);
      found.set(release, agents === undefined ? readOne(release) : agents);
    }
    known = new Map(found);
    for (const release of passed.keys()) known.delete(release);
    return found;
  };
  return { read, faults: () => passed };
}
