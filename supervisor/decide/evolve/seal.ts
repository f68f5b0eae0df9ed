import { instant } from '../../model/duration.ts';
import { type Proposal, type Sealed, terminal } from '../../model/proposal.ts';
import { type Reason, reason } from '../../model/reason.ts';
import { deployment, host } from '../../model/state.ts';
import type { Outcome, Step } from '../../model/step.ts';
import type { Draft } from '../draft.ts';
import { judgeSealed } from '../intake.ts';
import { endDeployment } from './deployment.ts';

type Seal = Step & { do: 'seal' };

/** A drop is sealed: a proposal is received, or refused at intake. */
export function sealed(draft: Draft, step: Seal, found: Sealed): void {
  const refused = judgeSealed(draft.state, draft.policy.policy, step.agent, found);
  const row = blank(draft, step, found.title);
  const { title, why, form, paths, sha256 } = found;
  const base = found.base ?? host(draft.state).current;
  const owner = found.owner === undefined ? {} : { owner: found.owner };
  draft.put('proposals', step.id, { ...row, ...owner, title, why, form, paths, sha256, base });
  if (refused !== null) draft.phase(step.id, 'refused', refused);
  else draft.put('receipts', step.id, { id: step.id, agent: step.agent });
}

/** A drop that is no proposal: refused, with all its faults, and its original kept. */
export function unsealed(draft: Draft, step: Seal, outcome: Outcome & { of: 'unsealed' }): void {
  const title = outcome.title ?? dropName(step.drop);
  draft.put('proposals', step.id, blank(draft, step, title));
  const [first, ...more] = outcome.reasons;
  const because =
    first ?? reason('malformed', { message: 'the drop could not be read', step: 'intake' });
  const others = more.slice(0, 20).map((one) => one.message);
  const also = more.length === 0 ? '' : ` (and ${more.length} more: ${others.join('; ')})`;
  draft.phase(step.id, 'refused', { ...because, message: `${because.message}${also}` });
}

/** `<name>.withdraw`: its proposer takes a proposal back, until it is being promoted. */
export function withdrawal(draft: Draft, step: Seal, target: string): void {
  const row = draft.state.proposals.get(target);
  const mine = row !== undefined && row.proposer === step.agent && !terminal.has(row.phase);
  if (!mine || row.phase === 'promoting' || row.phase === 'baking') {
    const message = mine
      ? `${target} is being promoted already`
      : `${step.agent} has no open proposal ${target}`;
    const because = reason(mine ? 'wrong-phase' : 'unknown-proposal', {
      message,
      step: 'intake',
      input: target,
    });
    draft.put('proposals', step.id, blank(draft, step, `withdraw ${target}`));
    return draft.phase(step.id, 'refused', because);
  }
  withdraw(draft, row, step.agent);
}

export function withdraw(draft: Draft, row: Proposal, by: string): void {
  const because: Reason = reason('withdrawn', { message: `withdrawn by ${by}`, step: 'withdraw' });
  if (deployment(draft.state)?.proposal === row.id) endDeployment(draft, 'withdrawn', because);
  else draft.phase(row.id, 'withdrawn', because);
}

/** The name of a drop without its ending. */
export const dropName = (file: string): string =>
  file.replace(/\.(patch|diff|tar\.gz|withdraw)$/, '');

function blank(draft: Draft, step: Seal, title: string): Proposal {
  const release = step.run?.release ?? null;
  const digest = release === null ? undefined : draft.state.releases.get(release)?.digest;
  return {
    id: step.id,
    drop: dropName(step.drop),
    file: step.drop,
    title,
    why: '',
    form: 'overlay',
    proposer: step.agent,
    run: step.run?.id ?? null,
    onRelease: release,
    base: null,
    paths: [],
    sha256: '',
    release: null,
    digest: null,
    phase: 'received',
    phaseAt: instant(draft.now),
    reason: null,
    receivedAt: instant(step.at),
    endedAt: null,
    held: digest !== undefined && draft.state.bad.has(digest),
    approval: null,
    gates: [],
    authority: [],
    canary: null,
  };
}
