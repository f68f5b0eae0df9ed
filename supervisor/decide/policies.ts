import type { SeenRequest } from '../model/fact.ts';
import type { Mark, PolicyWhy } from '../model/mark.ts';
import type { PolicyInForce } from '../model/policy.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { Verb } from '../model/request.ts';
import { deployment, host, type PolicyTrial, rollback } from '../model/state.ts';
import type { Step } from '../model/step.ts';
import { agentFaults, refusal } from './gates.ts';
import { flipping } from './rollback.ts';
import {
  agentsNow,
  type Decision,
  hostHalted,
  mark,
  none,
  start,
  unaudited,
  unsafe,
  type View,
} from './view.ts';

/**
 * The policy file holds another version than the one in force: `current` must pass the suite under
 * it before it is taken, or every run would be the first to try it. What was declined waits for
 * another file or an operator's word; what could not be judged is tried again at each tick.
 */
export function policies(view: View): Decision {
  const known = host(view.state);
  const seen = view.facts.policyFile.policy;
  const wanted = seen !== null && seen.digest !== known.policy ? seen : null;
  const trial = known.trial ?? null;
  if (trial !== null) return tried(view, trial, wanted);
  if (wanted === null || view.facts.stopping) return none;
  if (known.current === null) return mark(taken(view, wanted.digest, byFile, 'first'));
  const declined = known.declined?.policy === wanted.digest ? known.declined : null;
  const wait = declined !== null && (declined.final || declined.at >= (known.lastTick ?? 0));
  if (wait || obstacle(view) !== null) return none;
  return mark({ mark: 'policy-try', digest: wanted.digest, by: byFile, request: null });
}

/** Who asked, where nobody but the file did. */
const byFile = 'the policy file';

function tried(view: View, trial: PolicyTrial, wanted: PolicyInForce | null): Decision {
  const { current } = host(view.state);
  if (wanted?.digest !== trial.policy || current === null) {
    const message = 'the policy file changed while this version was tried';
    const parts = { message, step: 'policy', expected: trial.policy };
    const actual = wanted?.digest ?? view.facts.policyFile.policy?.digest ?? 'no valid policy';
    return declines(trial, reason('policy-declined', { ...parts, actual }), false);
  }
  if (trial.fault !== null) return declines(trial, trial.fault, false);
  if (trial.gate?.outcome === 'pass') {
    const message = `the policy is in force: ${trial.policy}`;
    const said = taken(view, trial.policy, trial.by, 'smoke');
    return mark(said, ...told(trial, { ok: true, message }));
  }
  const unfit = misfit(view, wanted);
  if (unfit !== null) return declines(trial, unfit, true);
  if (trial.gate !== null) {
    const because = refusal(trial.gate);
    const message = `current does not pass under this policy: ${because.message}`;
    const final = trial.gate.outcome === 'fail';
    const hint = final ? mendPolicy : because.hint;
    return declines(trial, { ...because, message, hint }, final);
  }
  if (obstacle(view) !== null || gatesBusy(view)) return none;
  return start(view, { do: 'try-policy', policy: trial.policy, release: current });
}

const mendPolicy = '`airlock policy diff` shows what is new; mend it, then `airlock policy apply`.';

/** Trials that nobody wants any more, or that cannot come to a judgment now. */
export function trialsToCancel(view: View): Step[] {
  const { current, trial } = host(view.state);
  const stands = obstacle(view) === null;
  return [...view.state.pending.values()]
    .filter(({ step }) => step.do === 'try-policy')
    .filter(({ step }) => {
      const { policy, release } = step as Step & { do: 'try-policy' };
      return !stands || trial?.policy !== policy || trial.gate !== null || release !== current;
    })
    .map(({ key }) => ({ do: 'cancel', key }));
}

/** What keeps anything from being rehearsed; null: nothing. */
function obstacle(view: View): Reason | null {
  const say = (code: 'halted' | 'unsafe' | 'wrong-phase', message: string) =>
    reason(code, { message, step: 'policy', expected: 'a host on which current can be rehearsed' });
  if (hostHalted(view.facts.switches))
    return say('halted', 'the host is halted: current cannot be rehearsed');
  if (unsafe(view)) return say('unsafe', 'others could change what runs start from');
  if (unaudited(view)) return say('unsafe', 'nobody has looked yet whether it is safe');
  const moving = rollback(view.state) !== null || flipping(view.state);
  return moving ? say('wrong-phase', 'a rollback is under way: ask again in a moment') : null;
}

/** Gates judge by one policy from the first to the last; a canary or a bake may go on. */
function gatesBusy({ state }: View): boolean {
  const phase = deployment(state)?.phase;
  return phase === 'staging' || phase === 'gating' || phase === 'promoting';
}

/** An agent of `current` that could not run under it. */
function misfit(view: View, policy: PolicyInForce): Reason | null {
  const [first] = agentsNow(view).flatMap((agent) => agentFaults(policy.policy, agent));
  if (first === undefined) return null;
  const { message, input, expected, actual } = first.reason;
  const parts = { step: 'policy', input, expected, actual };
  return reason('policy-declined', { message: `${first.subject}: ${message}`, ...parts });
}

function taken(view: View, digest: string, by: string, why: PolicyWhy): Mark {
  return { mark: 'policy', digest, from: host(view.state).policy, by, why };
}

function declines(trial: PolicyTrial, because: Reason, final: boolean): Decision {
  const { policy: digest, by } = trial;
  const said: Mark = { mark: 'policy-declined', digest, by, reason: because, final };
  return mark(said, ...told(trial, { ok: false, because }));
}

type Told = { ok: true; message: string } | { ok: false; because: Reason };

/** Whoever waits for a trial hears what came of it. */
function told({ request: id, by, policy }: PolicyTrial, what: Told): Mark[] {
  return id === null ? [] : [answer({ id, by, verb: 'policy-apply' }, policy, what)];
}

interface Asks {
  id: string;
  by: string;
  verb: Verb;
}

/** `policy`: the version that it is about. */
function answer({ id: request, by, verb }: Asks, policy: string | null, what: Told): Mark {
  const said = what.ok
    ? { ok: true, exit: 0, message: what.message, reason: null }
    : { ok: false, exit: 3, message: what.because.message, reason: what.because };
  return { mark: 'answered', request, answer: { ...said, data: { policy } }, by, verb };
}

/** `policy apply`: try what the file holds now; the answer comes when it is judged. */
export function apply(view: View, ask: Asks & { digest: string }): Decision {
  const known = host(view.state);
  const { policy: seen, fault } = view.facts.policyFile;
  const refused = (because: Reason) => mark(answer(ask, ask.digest, { ok: false, because }));
  if (seen === null) return refused(fault ?? reason('policy-invalid', noPolicy));
  if (seen.digest !== ask.digest) {
    const message = 'the policy file is not the one that was asked for';
    const parts = { expected: ask.digest, actual: seen.digest };
    return refused(reason('wrong-digest', { message, step: 'policy', ...parts, hint: again }));
  }
  if (seen.digest === known.policy) {
    const message = `it is in force already: ${seen.digest}`;
    return mark(answer(ask, ask.digest, { ok: true, message }));
  }
  const hindered = view.facts.stopping ? stopping : obstacle(view);
  if (hindered !== null) return refused(hindered);
  return mark(...overtaken(known.trial), {
    mark: 'policy-try',
    digest: ask.digest,
    by: ask.by,
    request: ask.id,
  });
}

const again = 'Somebody wrote it meanwhile: read it, then ask again.';
const noPolicy = { message: 'there is no valid policy', step: 'policy' };
const stopping = reason('not-running', { message: 'the supervisor is stopping', step: 'policy' });

/** `policy rollback`: the version before, at once; it was in force, so it needs no proof. */
export function rollBackPolicy(view: View, ask: Asks & { reason: string }): Decision {
  const known = host(view.state);
  const older = (known.policies ?? []).filter((digest) => digest !== known.policy).at(-1);
  if (older === undefined || !view.facts.policyFile.kept.has(older)) {
    const missing = older === undefined ? 'no older version is on record' : `${older} is gone`;
    const message = `there is no policy to go back to: ${missing}`;
    const because = reason('not-found', { message, step: 'policy', hint: byHand });
    return mark(answer(ask, known.policy, { ok: false, because }));
  }
  const said = taken(view, older, ask.by, 'rollback');
  const because = reason('policy-declined', {
    message: `rolled back by ${ask.by}${ask.reason === '' ? '' : `: ${ask.reason}`}`,
    step: 'policy',
    input: known.policy,
  });
  // Whatever the file holds now is not taken by itself: not what was left, nor what is newer.
  const held = view.facts.policyFile.policy?.digest ?? known.policy;
  const declined = { digest: held ?? older, by: ask.by, reason: because, final: true };
  const left: Mark[] = held === older ? [] : [{ mark: 'policy-declined', ...declined }];
  const message = `the policy in force is ${older} again`;
  const done = answer(ask, older, { ok: true, message });
  return mark(...overtaken(known.trial), said, ...left, done);
}

const byHand = 'Write the policy file anew, then `airlock policy apply`.';

/** Who waited for a trial that another request ends. */
function overtaken(trial: PolicyTrial | null | undefined): Mark[] {
  if (trial === null || trial === undefined) return [];
  const message = 'another request about the policy came first';
  return told(trial, {
    ok: false,
    because: reason('policy-declined', { message, step: 'policy' }),
  });
}

/** Its answer comes when the trial has ended. */
export const waitsForTrial = (view: View, { id }: SeenRequest): boolean =>
  host(view.state).trial?.request === id;
