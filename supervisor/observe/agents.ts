import type { Layout } from '../model/layout.ts';
import type { ReleaseId } from '../model/release.ts';
import type { Agent } from '../model/runtime.ts';
import { readRuntimeConfig } from '../store/runtime-config.ts';

/** Agents of a release; null where its configuration does not parse. */
export type AgentsOf = (release: ReleaseId) => Agent[] | null;

/** Releases never change, so each is read once; a read that failed for the host's cause is not. */
export function agentsReader(layout: Layout): AgentsOf {
  const known = new Map<ReleaseId, Agent[] | null>();
  return (release) => {
    const found = known.get(release);
    if (found !== undefined) return found;
    const { agents, passing } = readRuntimeConfig(layout.release(release));
    if (!passing) known.set(release, agents);
    return agents;
  };
}
