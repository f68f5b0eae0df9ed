/** What needs a person, most urgent first: pure. */

import { lateTick } from '../../decide/alive.ts';
import { stableReleases } from '../../decide/rollback.ts';
import { mayStart } from '../../decide/starts.ts';
import { hostHalted } from '../../decide/view.ts';
import { failingAgents } from '../../doctor/failing.ts';
import type { Halt } from '../../model/halt.ts';
import { numbered } from '../../model/numbered.ts';
import { deployment, host, rollback, type State } from '../../model/state.ts';
import { approveVerb, waits } from './approval.ts';
import type { Need, Picture } from './status.ts';

export function needsOf(picture: Picture): Need[] {
  const { state, blank, journalFault } = picture;
  if (blank) {
    return [...policyNeeds(picture), need('nothing was started here yet', picture.start)];
  }
  // What stands in files is told without the journal: a halt above all.
  if (journalFault !== null) {
    const journal = need(
      `nothing on record can be seen: ${journalFault.message}`,
      'airlock doctor',
    );
    const files = [...switchNeeds(picture), ...policyNeeds(picture)];
    return [journal, ...daemonNeeds(picture), ...files];
  }
  return [
    ...pathNeeds(state),
    ...daemonNeeds(picture),
    ...journalNeeds(state),
    ...beatNeeds(picture),
    ...switchNeeds(picture),
    ...currentNeeds(picture),
    ...policyNeeds(picture),
    ...declinedNeeds(picture),
    ...[...state.proposals.values()]
      .filter(waits)
      .map((row) =>
        row.held
          ? need(`${row.id} is held: its run was on a bad release`, approveVerb(row))
          : need(`${row.id} waits for your approval`, approveVerb(row)),
      ),
    ...stuckNeeds(picture),
    ...failingNeeds(state),
  ];
}

const need = (what: string, verb: string): Need => ({ what, verb });

function daemonNeeds({ daemon, stopped, stuck, start }: Picture): Need[] {
  const { pid } = daemon;
  if (!daemon.running) return [need('the supervisor does not run', start)];
  if (stopped) return [need('the daemon is stopped: it answers nobody', `kill -CONT ${pid}`)];
  return stuck === null ? [] : [need(`the loop cannot go on: ${stuck}`, 'airlock log')];
}

/** No run starts and nothing is deployed: before everything else. */
function pathNeeds(state: State): Need[] {
  const findings = host(state).audit?.findings ?? [];
  const [first] = findings;
  if (first === undefined) return [];
  const more = findings.length === 1 ? '' : ` (and ${findings.length - 1} more)`;
  return [need(`no run starts: ${first.message}${more}`, 'airlock doctor')];
}

/** What the file holds was not taken: whoever wrote it should know. */
function declinedNeeds({ state, policyFile }: Picture): Need[] {
  const declined = host(state).declined ?? null;
  if (declined === null || declined.policy !== policyFile) return [];
  const what = `the policy file is not in force: ${declined.reason.message}`;
  return [need(what, 'airlock policy diff')];
}

function policyNeeds({ policyFaults: faults, policyGone: gone }: Picture): Need[] {
  if (faults.length === 0) return [];
  if (gone !== null) return [need(gone.what, gone.remedy)];
  const absent = faults[0]?.code === 'policy-missing';
  const what = absent
    ? 'there is no policy'
    : `the policy file has ${numbered(faults.length, 'fault')}`;
  return [need(what, absent ? 'airlock init' : 'airlock policy check')];
}

/** Until an operator says that he has read it. */
function journalNeeds(state: State): Need[] {
  const news = host(state).journal ?? null;
  if (news === null) return [];
  const what =
    news.what === 'rebuilt'
      ? 'the journal was damaged and rebuilt'
      : 'the chain of the journal is broken';
  return [need(`${what}: ${news.found[0] ?? 'nothing is lost'}`, 'airlock doctor')];
}

function switchNeeds({ switches }: Picture): Need[] {
  if (!switches.readable) {
    const what = `the switches cannot be read (${switches.cause}): everything is halted`;
    return [need(what, 'airlock doctor')];
  }
  return switches.halts.map((halt) => need(haltText(halt), liftVerb(halt)));
}

function haltText({ scope, target, reason, by }: Halt): string {
  const what = scope === 'lockdown' ? 'deployments are locked' : `${target ?? scope} is halted`;
  const kind = target === null ? '' : ` (${scope})`;
  return `${what}${kind} by ${by || 'somebody'}${reason === '' ? '' : `: ${reason}`}`;
}

function liftVerb({ scope, target }: Halt): string {
  if (scope === 'lockdown') return 'airlock unlock';
  return `airlock resume --${scope}${target === null ? '' : ` ${target}`}`;
}

function currentNeeds({ state, link, daemon, start }: Picture): Need[] {
  const { current, stillborn } = host(state);
  if (stillborn !== null) {
    return [need(`the first release does not pass: ${stillborn.message}`, 'airlock proposals')];
  }
  if (current === null) return [];
  if (link === current) return [...barredNeeds(state, current), ...unstableNeeds(state, current)];
  // A daemon that starts puts it back, or takes note of it.
  const what = link === null ? 'current points nowhere' : `current was moved by hand to ${link}`;
  return [need(what, daemon.running ? 'airlock doctor' : start)];
}

/** A daemon that is there and does nothing. */
function beatNeeds({ state, daemon, stopped, policy, now }: Picture): Need[] {
  const { lastTick, policy: inForce } = host(state);
  if (!daemon.running || stopped || policy?.digest !== inForce) return [];
  const since = Date.parse(daemon.since ?? '') || 0;
  const by = lateTick({ tick: policy.policy.tick, lastTick, since }, now);
  if (by === null) return [];
  const seconds = Math.round(by / 1000);
  return [need(`the daemon hangs: its tick is ${seconds} s overdue`, 'airlock doctor')];
}

/** A barred release stays current when there is nothing to go back to: no run starts from it. */
function barredNeeds(state: State, current: string): Need[] {
  // One that is being left will not stay.
  if (mayStart(state, current) || rollback(state) !== null) return [];
  const digest = state.releases.get(current)?.digest ?? '';
  const what = `${current} is current and barred: no run starts from it`;
  return [need(what, `airlock unbar ${digest.slice(0, 12)} --reason TEXT`)];
}

/** Nothing will make it stable any more, and there is nowhere to go back to. */
function unstableNeeds(state: State, current: string): Need[] {
  const stable = state.releases.get(current)?.stableAt ?? null;
  if (stable !== null || deployment(state) !== null || stableReleases(state).length > 0) return [];
  const what = `${current} never became stable, and no stable release is left to go back to`;
  return [need(what, 'airlock releases')];
}

/** A first look may come in between: what is tried again and again needs somebody. */
const manyTries = 5;
/** Longer than any build and smoke that the policy's limits allow by default. */
const longMs = 30 * 60_000;

function stuckNeeds({ state, daemon, switches, now }: Picture): Need[] {
  const slot = deployment(state);
  const needs = [...state.retries.values()]
    .filter((retry) => retry.attempts >= manyTries)
    .map(({ key, attempts, reason }) =>
      need(`${key} failed ${attempts} times: ${reason.message}`, 'airlock doctor'),
    );
  const early = slot?.phase === 'staging' || slot?.phase === 'gating';
  // A halted host is told of by its switch: what waits for that is not stuck.
  const goesOn = daemon.running && !hostHalted(switches);
  if (goesOn && slot && early && now - slot.since > longMs) {
    const id = slot.proposal ?? 'the first release';
    needs.push(need(`${id} has been ${slot.phase} for long`, 'airlock abort'));
  }
  return needs;
}

function failingNeeds(state: State): Need[] {
  return failingAgents(state).map(({ agent, runs, last }) =>
    need(`the last ${runs} runs of ${agent} failed`, `airlock show ${last}`),
  );
}
