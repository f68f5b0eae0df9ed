import { instant } from '../model/duration.ts';
import type { Facts } from '../model/fact.ts';
import type { Halt } from '../model/halt.ts';
import type { Mark } from '../model/mark.ts';
import type { PolicyInForce } from '../model/policy.ts';
import type { Agent } from '../model/runtime.ts';
import { host, type State } from '../model/state.ts';
import { type Step, stepKey } from '../model/step.ts';

/** All that a decision may look at. `now` is milliseconds since 1970. */
export interface View {
  state: State;
  facts: Facts;
  policy: PolicyInForce;
  now: number;
}

/** Judgments to record and effects to start, in this order. */
export interface Decision {
  marks: Mark[];
  steps: Step[];
}

export const none: Decision = { marks: [], steps: [] };
export const mark = (...marks: Mark[]): Decision => ({ marks, steps: [] });

/** The steps that are neither under way nor waiting for another try. */
export function start(view: View, ...steps: Step[]): Decision {
  const free = steps.filter((step) => {
    const key = stepKey(step);
    const retry = view.state.retries.get(key);
    return !view.state.pending.has(key) && (retry === undefined || retry.at <= view.now);
  });
  return { marks: [], steps: free };
}

/**
 * The first decision that decides something. Later ones see its outcome first. A judgment that
 * fails keeps none of the others from theirs; when nothing else is left to decide, it is thrown.
 */
export function firstOf(view: View, ...judgments: ((view: View) => Decision)[]): Decision {
  const faults: unknown[] = [];
  for (const judge of judgments) {
    try {
      const decision = judge(view);
      if (decision.marks.length + decision.steps.length > 0) return decision;
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw faults[0];
  return none;
}

/**
 * What judgments decide that look at nothing of each other's: recorded in one transaction. One that
 * fails keeps none of the others from theirs, as in `firstOf`.
 */
export function allOf(...judgments: ((view: View) => Decision)[]): (view: View) => Decision {
  return (view) => {
    const all: Decision = { marks: [], steps: [] };
    const collect = judgments.map((judge) => (given: View) => {
      const { marks, steps } = judge(given);
      all.marks.push(...marks);
      all.steps.push(...steps);
      return none;
    });
    try {
      firstOf(view, ...collect);
    } catch (error) {
      if (all.marks.length + all.steps.length === 0) throw error;
    }
    return all;
  };
}

/** Somebody else could change what a run starts from: no run starts, and nothing is deployed. */
export const unsafe = (view: View): boolean => (host(view.state).audit?.findings.length ?? 0) > 0;

/** Nobody has looked yet whether it is safe: all that starts a run waits for that. */
export const unaudited = (view: View): boolean =>
  view.facts.hostInstall && (host(view.state).audit ?? null) === null;

export const locked = (view: View): boolean =>
  unsafe(view) ||
  !view.facts.switches.readable ||
  view.facts.switches.halts.some((h) => h.scope === 'lockdown');

/** Nothing is fetched, built or rehearsed. Unreadable switches halt the host too. */
export const hostHalted = (switches: Facts['switches']): boolean =>
  !switches.readable || switches.halts.some((halt) => halt.scope === 'host');

/** The halt that keeps an agent from starting, or null. Unreadable switches halt everything. */
export function haltOf(view: View, agent: Agent): Halt | null {
  const { switches } = view.facts;
  if (!switches.readable) {
    return { scope: 'host', target: null, reason: switches.cause, by: 'airlock', at: '' };
  }
  const hits = (halt: Halt) =>
    halt.scope === 'host' ||
    (halt.scope === 'agent' && halt.target === agent.name) ||
    (halt.scope === 'tenant' && halt.target === agent.tenant);
  return switches.halts.find(hits) ?? null;
}

/** Why an agent may not start now; null when it may. */
export function skipped(view: View, agent: Agent): string | null {
  const halt = haltOf(view, agent);
  if (halt !== null) return halt.target === null ? 'host-halt' : `${halt.scope}-halt`;
  if (unsafe(view)) return 'unsafe';
  if (daySpent(view, agent)) return 'budget-exhausted';
  return hasModel(view, agent) ? null : 'no-model';
}

/**
 * What an agent spent today is not known since its journal was made anew: its day counts as spent,
 * until the day is over or an operator has acknowledged what was found.
 */
function daySpent({ state, now }: View, agent: Agent): boolean {
  const news = host(state).journal ?? null;
  if (agent.budget.day === undefined || news?.unknownSpend === undefined) return false;
  const unknown = news.unknownSpend === null || news.unknownSpend.includes(agent.name);
  return unknown && instant(news.at).slice(0, 10) === instant(now).slice(0, 10);
}

/** A provider answers for it; in a checkout the rehearsal model may (contract, section 4). */
function hasModel({ policy, facts }: View, agent: Agent): boolean {
  const upstreams = policy.policy.models[agent.model] ?? [];
  return upstreams.some((one) => one.provider !== 'rehearsal' || !facts.hostInstall);
}

/** Agents of `current`. */
export function agentsNow(view: View): Agent[] {
  const { current } = host(view.state);
  return (current !== null && view.facts.agents.get(current)) || [];
}

export const busy = (view: View, agent: string): boolean =>
  [...view.state.runs.values()].some((run) => run.agent === agent);
