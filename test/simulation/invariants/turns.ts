import type { State } from '../../../supervisor/model/state.ts';
import type { Oracle } from '../oracle.ts';

/** Fairness of the queue: nobody gets the slot twice past one who could have had it both times. */
export class Turns {
  readonly #oracle: Oracle;
  /** For each agent that was passed: by whom, since its own last turn. */
  readonly #passed = new Map<string, Set<string>>();

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  began(proposal: string | null, at: number, state: State): void {
    const row = proposal === null ? undefined : state.proposals.get(proposal);
    if (row === undefined) return;
    const { proposer } = row;
    this.#passed.delete(proposer);
    if (row.approval !== null) return;
    // What was dropped together is judged together: nobody goes before an older drop is sealed.
    const sealing = [...state.pending.values()].flatMap(({ step }) =>
      step.do === 'seal' ? [step.at] : [],
    );
    const able = [...state.proposals.values()].filter(
      (one) =>
        one.phase === 'received' &&
        Date.parse(one.receivedAt) < Math.min(...sealing) &&
        !one.held &&
        (state.agents.get(one.proposer)?.waitUntil ?? 0) <= at,
    );
    for (const agent of new Set(able.map((one) => one.proposer))) {
      if (agent === proposer) continue;
      this.#oracle.count('passed in the queue');
      const by = this.#passed.get(agent) ?? new Set();
      const twice = () => `${agent} waits while ${proposer} gets a second turn`;
      this.#oracle.check(!by.has(proposer), 'fairness', twice);
      this.#passed.set(agent, by.add(proposer));
    }
  }
}
