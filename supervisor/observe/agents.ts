import type { Layout } from '../model/layout.ts';
import type { ReleaseId } from '../model/release.ts';
import type { Agent } from '../model/runtime.ts';
import { readRuntimeConfig } from '../store/runtime-config.ts';

/** Agents of some releases; null where a configuration does not parse. */
export type AgentsOf = (releases: Iterable<ReleaseId>) => Map<ReleaseId, Agent[] | null>;

/**
 * Releases never change: each is read once, until it is not asked for any more. A read that failed
 * for the host's cause is tried again.
 */
export function agentsReader(layout: Layout): AgentsOf {
  let known = new Map<ReleaseId, Agent[] | null>();
  return (releases) => {
    const passed: ReleaseId[] = [];
    const read = (release: ReleaseId) => {
      const { agents, passing } = readRuntimeConfig(layout, release);
      if (passing) passed.push(release);
      return agents;
    };
    const found = new Map<ReleaseId, Agent[] | null>();
    for (const release of releases) {
      const agents = known.get(release);
      found.set(release, agents === undefined ? read(release) : agents);
    }
    known = new Map(found);
    for (const release of passed) known.delete(release);
    return found;
  };
}
