import { stamp } from '../model/duration.ts';
import type { Drop } from '../model/fact.ts';
import type { Policy } from '../model/policy.ts';
import type { Sealed } from '../model/proposal.ts';
import { type Reason, reason } from '../model/reason.ts';
import { host, type State } from '../model/state.ts';
import { type Step, stepKey } from '../model/step.ts';
import { forbidden, outside } from './permission.ts';
import { type Decision, none, start, type View } from './view.ts';

/** Seals under way at once: the rest waits in the inboxes, where nothing is lost. */
const atOnce = 64;
/** Of one agent: a flood takes one thread and short turns, and leaves the other half to others. */
const ofOne = 32;

/** Every drop that is ready is sealed; who is over the limit is told so by a refusal. */
export function intake(view: View): Decision {
  const { state, facts, now } = view;
  if (facts.stopping) return none;
  const again = [...state.retries.values()].flatMap(({ step }) => (step === null ? [] : [step]));
  const open = [...state.pending.values()].flatMap(({ step }) =>
    step.do === 'seal' ? [step] : [],
  );
  if (facts.drops.length + again.length === 0) return none;
  const room = Math.max(0, atOnce - open.length);
  const known = new Set([...open, ...again].map((step) => stepKey(step)));
  const given = new Set([...open, ...again].map((step) => step.id));
  const waiting = facts.drops.filter((drop) => drop.ready && !known.has(sealKey(drop)));
  const fresh = inTurn(waiting, open)
    .slice(0, room)
    .map((drop) => sealStep(state, given, drop, now));
  return start(view, ...again, ...fresh);
}

/** In order of arrival within an agent; no agent's flood stands before another agent's drop. */
function inTurn(drops: readonly Drop[], open: readonly { agent: string }[]): Drop[] {
  const taken = new Map<string, number>();
  const turn = ({ agent }: { agent: string }) => {
    const count = taken.get(agent) ?? 0;
    taken.set(agent, count + 1);
    return count;
  };
  for (const one of open) turn(one);
  return drops
    .toSorted(byArrival)
    .map((drop) => ({ drop, turn: turn(drop) }))
    .filter((one) => one.turn < ofOne)
    .toSorted((a, b) => a.turn - b.turn || byArrival(a.drop, b.drop))
    .map((one) => one.drop);
}

const byArrival = (a: Drop, b: Drop): number => a.readyAt - b.readyAt || (a.name < b.name ? -1 : 1);

const sealKey = (drop: Drop): string => `seal:${drop.agent}/${drop.name}`;

function sealStep(state: State, given: Set<string>, drop: Drop, now: number): Step {
  const run = [...state.runs.values()].find((one) => one.agent === drop.agent);
  const id = proposalId(state, given, drop, now);
  given.add(id);
  return {
    ...{ do: 'seal', id, agent: drop.agent, drop: drop.name, at: now },
    run: run === undefined ? null : { id: run.id, release: run.release },
  };
}

/**
 * `<UTC>-<agent>-<name>`; the same name again within the second gets a number behind it, as
 * `x.patch` and the folder `x` do. A withdrawal leaves no row to see that by: its number is the
 * journal's, which never comes again.
 */
function proposalId(state: State, given: ReadonlySet<string>, drop: Drop, now: number): string {
  const name = drop.name.replace(/\.(patch|diff|tar\.gz|withdraw)$/, '');
  const id = `${stamp(now)}-${drop.agent}-${slug(name)}`;
  const { counter, repeats } = host(state);
  if (drop.name.endsWith('.withdraw')) return `${id}.withdraw-${counter}-${given.size}`;
  // The clock went back: an ended proposal, no longer in memory, may have this very second.
  if (now <= (repeats ?? 0)) return `${id}-${counter}-${given.size}`;
  for (let again = 1; ; again++) {
    const candidate = again === 1 ? id : `${id}-${again}`;
    if (!state.proposals.has(candidate) && !given.has(candidate)) return candidate;
  }
}

/** Safe as a folder name and different for different names: other characters as `~` and hex. */
function slug(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9_.-]/gu, (c) => `~${c.codePointAt(0)?.toString(16)}~`);
  if (safe.length <= 100) return safe;
  let hash = 7;
  for (let i = 0; i < safe.length; i++) hash = (Math.imul(hash, 31) + safe.charCodeAt(i)) >>> 0;
  return `${safe.slice(0, 90)}~${hash.toString(36)}`;
}

/** Why a sealed drop is refused at intake, by policy and state; null when it is received. */
export function judgeSealed(
  state: State,
  policy: Policy,
  proposer: string,
  sealed: Sealed,
): Reason | null {
  const step = 'intake';
  let waiting = 0;
  for (const { proposer: by, endedAt, phase } of state.proposals.values()) {
    if (by === proposer && endedAt === null && phase === 'received') waiting += 1;
  }
  if (waiting >= policy.limits.queuedPerAgent) {
    const message = `${proposer} has ${waiting} proposals waiting already`;
    const expected = `at most ${policy.limits.queuedPerAgent}`;
    return reason('queue-full', { message, step, expected, actual: `${waiting}` });
  }
  const out = outside(policy, sealed.paths);
  if (out.length > 0) return paths('path-outside', 'outside of the runtime', out);
  const barred = forbidden(policy, proposer, sealed.paths);
  if (barred.length > 0) return paths('path-not-allowed', `not ${proposer}'s to change`, barred);
  const known = sealed.base === null ? undefined : state.releases.get(sealed.base);
  if (sealed.base !== null && (known === undefined || known.removedAt !== null)) {
    const message = `the base ${sealed.base} is no release of this host`;
    return reason('unknown-base', { message, step, input: sealed.base });
  }
  return null;
}

function paths(code: 'path-outside' | 'path-not-allowed', what: string, list: string[]): Reason {
  const shown = list.slice(0, 20).join(', ');
  const more = list.length > 20 ? ` and ${list.length - 20} more` : '';
  return reason(code, {
    message: `${what}: ${shown}${more}`,
    step: 'intake',
    input: list[0] ?? null,
  });
}

/** What the queue gives the slot next: round-robin by agent, in order of arrival within one. */
export function nextInQueue(view: View): string | null {
  const { state, now } = view;
  const sealing = [...state.pending.values()].flatMap(({ step }) =>
    step.do === 'seal' ? [step.at] : [],
  );
  // Of drops taken together a later one may be sealed first: it waits for those before it.
  const settledBefore = Math.min(...sealing);
  const waiting = [...state.proposals.values()].filter(
    (one) =>
      one.phase === 'received' &&
      Date.parse(one.receivedAt) < settledBefore &&
      !one.held &&
      (state.agents.get(one.proposer)?.waitUntil ?? 0) <= now,
  );
  const turn = (agent: string) => state.agents.get(agent)?.lastTurn ?? 0;
  const ranked = waiting.toSorted(
    (a, b) =>
      // An approved one has waited for its human already.
      Number(b.approval !== null) - Number(a.approval !== null) ||
      turn(a.proposer) - turn(b.proposer) ||
      (a.receivedAt < b.receivedAt ? -1 : Number(a.receivedAt > b.receivedAt)) ||
      (a.id < b.id ? -1 : 1),
  );
  return ranked[0]?.id ?? null;
}
