import type { Entry } from '../../../supervisor/model/entry.ts';
import type { Mark } from '../../../supervisor/model/mark.ts';
import { host, type State } from '../../../supervisor/model/state.ts';
import type { SmokeFacts } from '../../../supervisor/model/step.ts';
import type { Oracle } from '../oracle.ts';
import type { World } from '../world.ts';

/** No version of the policy is in force that `current` was not shown to pass under. */
export class PolicyRecords {
  readonly #oracle: Oracle;
  /** Version and release that passed together, as the rehearsals themselves say. */
  readonly #passed = new Set<string>();
  readonly #taken = new Set<string>();

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  committed(entry: Entry, before: State): void {
    if (entry.type === 'outcome' && entry.step.do === 'try-policy') {
      const { policy, release } = entry.step;
      const { outcome } = entry;
      if (outcome.of !== 'rehearsed') return;
      if (passes(outcome.smoke)) this.#passed.add(`${policy} ${release}`);
      else this.#passed.delete(`${policy} ${release}`);
    }
    if (entry.type === 'mark' && entry.mark.mark === 'policy') this.#judge(entry.mark, before);
  }

  #judge({ digest, why }: Mark & { mark: 'policy' }, before: State): void {
    const { current, policy } = host(before);
    const asked = [...this.#oracle.world.disk.requests.values()].map((one) => one.request?.verb);
    const sound = {
      start: policy === null,
      first: current === null,
      smoke: this.#passed.has(`${digest} ${current}`),
      rollback: this.#taken.has(digest) && asked.includes('policy-rollback'),
    }[why];
    this.#oracle.check(sound, 'policy', () => `${digest.slice(0, 3)} is in force by ${why}`);
    this.#oracle.count(`policy by ${why}`);
    this.#taken.add(digest);
  }
}

const passes = ({ candidate, broken }: SmokeFacts): boolean =>
  candidate.length > 0 &&
  candidate.every(({ ending }) => ending.exit === 0) &&
  broken.some(({ ending }) => ending.exit !== 0);

/** The file is in force, or it was tried and `current` did not pass under it. */
export function policySettled({ journal, file }: World): boolean {
  const { policy, declined, current } = host(journal.state);
  if (policy === file.digest || current === null) return true;
  return declined?.policy === file.digest;
}
