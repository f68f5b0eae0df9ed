import type { SeenRequest } from '../model/fact.ts';
import type { Mark } from '../model/mark.ts';
import { type Proposal, terminal } from '../model/proposal.ts';
import { type Reason, type ReasonCode, reason } from '../model/reason.ts';
import type { Request, Verb } from '../model/request.ts';
import type { RunPath } from '../model/runtime.ts';
import { type Answer, deployment, host, rollback } from '../model/state.ts';
import { pathFor } from './baseline.ts';
import { isLate } from './expiries.ts';
import { ownProposal } from './own.ts';
import { apply, rollBackPolicy, waitsForTrial } from './policies.ts';
import { flipping, isKept, rollbackTarget } from './rollback.ts';
import { releaseFor, runStep } from './starts.ts';
import {
  agentsNow,
  busy,
  type Decision,
  none,
  skipped,
  start,
  unaudited,
  type View,
} from './view.ts';

/** Operators' requests, oldest first, each carried out once and answered. */
export function requests(view: View): Decision {
  const { state, facts } = view;
  const open = facts.requests.find(
    (one) =>
      !state.answers.has(one.id) &&
      rollback(state)?.request !== one.id &&
      !waitsForTrial(view, one),
  );
  if (open === undefined) return none;
  if (open.request === null) return answered(open, no(open.fault));
  const own = ownProposal(view, open);
  if (own !== null) return answered(open, no(own));
  const carry = verbs[open.request.verb] as (view: View, ask: Ask<Verb>) => Decision;
  return carry(view, { ...open.request, id: open.id, by: open.by } as Ask<Verb>);
}

type Ask<V extends Verb> = Extract<Request, { verb: V }> & { id: string; by: string };

const verbs: { [V in Verb]: (view: View, ask: Ask<V>) => Decision } = {
  approve(view, ask) {
    const proposal = view.state.proposals.get(ask.proposal);
    if (proposal === undefined) return refuse(ask, 'not-found', `no open proposal ${ask.proposal}`);
    const held = isHeld(proposal);
    if (!held && proposal.phase !== 'awaiting-approval') return wrongPhase(ask, proposal);
    if (!held && isLate(view, proposal)) {
      return refuse(ask, 'approval-expired', `${proposal.id} has waited too long for its approval`);
    }
    const shown = held && proposal.digest === null ? proposal.sha256 : (proposal.digest ?? '');
    if (!shown.startsWith(ask.digest)) {
      return refuse(ask, 'wrong-digest', `${ask.digest} is not the digest of ${proposal.id}`, {
        expected: shown,
        actual: ask.digest,
      });
    }
    const said: Mark = held
      ? { mark: 'unheld', proposal: proposal.id, by: ask.by }
      : { mark: 'approved', proposal: proposal.id, digest: shown, by: ask.by };
    return done(ask, `${held ? 'released' : 'approved'}: ${proposal.id}`, null, said);
  },
  reject(view, ask) {
    const proposal = view.state.proposals.get(ask.proposal);
    if (proposal === undefined) return refuse(ask, 'not-found', `no open proposal ${ask.proposal}`);
    const waits = isHeld(proposal) || proposal.phase === 'awaiting-approval';
    if (!waits && proposal.phase !== 'received') return wrongPhase(ask, proposal);
    const because = reason('rejected', { message: ask.reason || 'rejected', step: 'approval' });
    return done(ask, `rejected: ${proposal.id}`, null, ending(proposal, because));
  },
  withdraw(view, ask) {
    const proposal = view.state.proposals.get(ask.proposal);
    if (proposal === undefined) return refuse(ask, 'not-found', `no open proposal ${ask.proposal}`);
    const late = ['promoting', 'baking'].includes(proposal.phase) || terminal.has(proposal.phase);
    if (late) return wrongPhase(ask, proposal);
    const because = reason('withdrawn', { message: `withdrawn by ${ask.by}`, step: 'withdraw' });
    const end = { ...ending(proposal, because), phase: 'withdrawn' as const };
    return done(ask, `withdrawn: ${proposal.id}`, null, end);
  },
  promote(view, ask) {
    const slot = deployment(view.state);
    if (slot?.phase !== 'canary' || slot.proposal !== ask.proposal) {
      return refuse(ask, 'wrong-phase', `${ask.proposal} is not in its canary`);
    }
    const because = reason('operator-abort', { message: ask.reason, step: 'canary' });
    const said: Mark = {
      mark: 'promote',
      proposal: ask.proposal,
      canary: 'skipped',
      reason: { ...because, hint: `skipped by ${ask.by}` },
    };
    return done(ask, `promoting: ${ask.proposal}`, null, said);
  },
  abort(view, ask) {
    const slot = deployment(view.state);
    if (slot === null || slot.proposal === null) {
      return refuse(ask, 'wrong-phase', 'no deployment is running');
    }
    if (slot.phase === 'promoting') {
      return refuse(ask, 'wrong-phase', 'it is being promoted: abort again in a moment');
    }
    const message = ask.reason || `aborted by ${ask.by}`;
    const because = reason('operator-abort', { message, step: slot.phase });
    if (slot.phase === 'baking') {
      return rollBack(view, ask, { reason: because, bad: false, to: null });
    }
    const early = slot.phase === 'staging' || slot.phase === 'gating';
    const phase = early ? ('refused' as const) : ('aborted' as const);
    const end: Mark = { mark: 'end', proposal: slot.proposal, phase, reason: because, bad: false };
    return done(ask, `aborted: ${slot.proposal}`, null, end);
  },
  rollback(view, ask) {
    const message = ask.reason || `rolled back by ${ask.by}`;
    const because = reason('operator-rollback', { message, step: 'rollback', input: ask.to });
    return rollBack(view, ask, {
      reason: because,
      bad: !ask.keep,
      to: ask.to ?? ask.flipped?.to ?? null,
    });
  },
  unbar(view, ask) {
    const bad = [...view.state.bad.values()].filter((one) => one.digest.startsWith(ask.digest));
    const [only] = bad;
    if (only === undefined || bad.length > 1) {
      const what = bad.length === 0 ? 'no bad digest begins with' : 'more than one begins with';
      return refuse(ask, 'not-found', `${what} ${ask.digest}`);
    }
    const said: Mark = { mark: 'unbarred', digest: only.digest, by: ask.by, reason: ask.reason };
    return done(ask, `unbarred: ${only.digest}`, null, said);
  },
  acknowledge(view, ask) {
    const news = host(view.state).journal ?? null;
    if (news === null) return refuse(ask, 'wrong-phase', 'nothing was found that waits for this');
    const said: Mark = { mark: 'journal-known', by: ask.by, reason: ask.reason };
    return done(ask, `acknowledged of the journal: ${news.found.length}`, null, said);
  },
  'policy-apply': apply,
  'policy-rollback': rollBackPolicy,
  run(view, ask) {
    if (view.facts.stopping) return refuse(ask, 'not-running', 'the supervisor is stopping');
    const agent = agentsNow(view).find((one) => one.name === ask.agent);
    if (agent === undefined) return refuse(ask, 'not-found', `no agent ${ask.agent} in current`);
    if (unaudited(view)) return refuse(ask, 'unsafe', 'nobody has looked yet whether it is safe');
    const why = skipped(view, agent);
    if (why !== null) return refuse(ask, codeOf(why), why);
    const from = releaseFor(view, ask.agent);
    if (from === null || from.entry === null) {
      return refuse(ask, 'known-bad', 'current is barred or being left: nothing starts from it');
    }
    if (busy(view, agent.name))
      return refuse(ask, 'wrong-phase', `${agent.name} is running already`);
    const scheduled = Object.keys(agent.schedule) as RunPath[];
    const path = ask.path ?? pathFor(scheduled, [], view.state.agents.get(agent.name)) ?? 'task';
    const step = runStep(view, { ...from, agent: from.entry, path, extra: true });
    const decision = done(ask, `started: ${step.run.id}`, { run: step.run.id });
    return { ...decision, steps: [step] };
  },
  cancel(view, ask) {
    const run = view.state.runs.get(ask.run);
    if (run === undefined) return refuse(ask, 'not-found', `${ask.run} is not running`);
    const decision = done(ask, `stopping: ${run.id}`, { run: run.id });
    const stopping = start(view, { do: 'stop', run: run.id, why: 'operator' });
    return { ...decision, steps: stopping.steps };
  },
};

const codeOf = (why: string): ReasonCode =>
  why === 'no-model' || why === 'unsafe' || why === 'budget-exhausted' ? why : 'halted';

/** Held and still open: what has ended stays as it ended. */
const isHeld = (proposal: Proposal) => proposal.held && !terminal.has(proposal.phase);

/** An operator's rollback: to a named release, or to where the contract says. */
function rollBack(
  view: View,
  ask: Ask<'rollback'> | Ask<'abort'>,
  why: { reason: Reason; bad: boolean; to: string | null },
): Decision {
  const { state } = view;
  const { current } = host(state);
  if (rollback(state) !== null) return refuse(ask, 'wrong-phase', 'a rollback is under way');
  if (current === null) return refuse(ask, 'wrong-phase', 'there is no release yet');
  // What it leaves and where it goes is known once the flip under way has ended.
  if (flipping(state)) return none;
  const named = why.to === null ? undefined : state.releases.get(why.to);
  // A damaged one is tried once more when an operator names it: it may have been mended.
  if (why.to !== null && !isKept(state, named)) {
    return refuse(ask, 'not-found', `no complete release ${why.to}`);
  }
  const flipped = ask.verb === 'rollback' ? ask.flipped : null;
  if (why.to !== null && why.to === current && flipped === null) {
    return refuse(ask, 'wrong-phase', `${why.to} is current already`);
  }
  const said: Mark = {
    mark: 'rollback',
    from: flipped?.from ?? current,
    to: why.to ?? rollbackTarget(state),
    reason: why.reason,
    by: ask.by,
    bad: why.bad,
    clear: ask.verb === 'rollback' && why.to !== null,
    request: ask.id,
  };
  return { marks: [said], steps: [] };
}

const ending = (proposal: Proposal, because: Reason) => ({
  mark: 'end' as const,
  proposal: proposal.id,
  phase: 'refused' as const,
  reason: because,
  bad: false,
});

const no = (because: Reason): Answer => {
  const exit = because.code === 'usage' ? 2 : 3;
  return { ok: false, exit, message: because.message, reason: because, data: null };
};

function answered(to: SeenRequest, answer: Answer, ...first: Mark[]): Decision {
  const verb = to.request?.verb ?? 'unknown';
  return {
    marks: [...first, { mark: 'answered', request: to.id, answer, by: to.by, verb }],
    steps: [],
  };
}

function done(ask: Ask<Verb>, message: string, data: unknown, ...first: Mark[]): Decision {
  const answer = { ok: true, exit: 0, message, reason: null, data };
  const said: Mark = { mark: 'answered', request: ask.id, answer, by: ask.by, verb: ask.verb };
  return { marks: [...first, said], steps: [] };
}

function refuse(
  ask: Ask<Verb>,
  code: ReasonCode,
  message: string,
  parts: { expected?: string; actual?: string } = {},
): Decision {
  const because = reason(code, { message, step: `request ${ask.verb}`, ...parts });
  const answer = no(because);
  const said: Mark = { mark: 'answered', request: ask.id, answer, by: ask.by, verb: ask.verb };
  return { marks: [said], steps: [] };
}

const wrongPhase = (ask: Ask<Verb>, proposal: Proposal): Decision =>
  refuse(ask, 'wrong-phase', `${proposal.id} is in phase ${proposal.phase}`);
