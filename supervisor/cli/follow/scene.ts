/** What there is to see of a proposal on its way, read from the journal. */

import type { Deployment } from '../../model/deployment.ts';
import type { Layout } from '../../model/layout.ts';
import type { Proposal } from '../../model/proposal.ts';
import type { Run } from '../../model/run.ts';
import { deployment } from '../../model/state.ts';
import type { PhaseChange, Reader } from '../../store/reader.ts';

export interface Scene {
  proposal: Proposal;
  history: PhaseChange[];
  /** Runs for its evidence, oldest first. */
  runs: Run[];
  /** The slot, if it is this proposal's. */
  slot: Deployment | null;
  /** How many proposals wait before or beside it. */
  queued: number;
}

/** null: the journal does not know it. */
export function sceneOf(reader: Reader, id: string): Scene | null {
  return reader.together(() => {
    const proposal = reader.proposal(id);
    if (proposal === null) return null;
    const state = reader.state();
    const slot = deployment(state);
    return {
      proposal,
      history: reader.history(id),
      runs: reader.runs({ limit: 500, deployment: id }).reverse(),
      slot: slot?.proposal === id ? slot : null,
      queued: [...state.proposals.values()].filter((one) => one.phase === 'received').length,
    };
  });
}

/** Folders in which something happens whenever the journal changes. */
export const journalFolders = (layout: Layout) => [layout.state];
