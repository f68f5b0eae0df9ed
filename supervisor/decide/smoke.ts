import type { Finding, GateResult } from '../model/proposal.ts';
import { type Reason, type ReasonCode, reason } from '../model/reason.ts';
import type { RunCause } from '../model/run.ts';
import type { FileExpectation, Rehearsal } from '../model/scenario.ts';
import type { SmokeFacts } from '../model/step.ts';
import { attribute, innermostReport, type Verdict } from './attribute.ts';

/**
 * The `smoke` gate. It proves itself before it judges: `current` must pass the supervisor's suite
 * and the built-in broken release must fail it; otherwise the gate is an error, never a pass.
 */
export function smokeGate(facts: SmokeFacts): GateResult {
  const honest = [...facts.faults.map(asFinding), ...proof(facts)];
  const gate = { name: 'smoke' as const, ms: facts.ms };
  if (honest.length > 0) return { ...gate, outcome: 'error', findings: honest };
  const findings = facts.candidate.flatMap((rehearsal) => {
    const fault = scenarioFault(rehearsal);
    const { path } = rehearsal.scenario;
    return fault === null ? [] : [{ subject: nameOf(rehearsal), path, ...fault }];
  });
  const plain = findings.map(({ blameless: _, ...finding }) => finding);
  if (findings.length === 0) return { ...gate, outcome: 'pass', findings: [] };
  // A provider or host that fails makes no release bad: the gate could not judge.
  const all = findings.every((finding) => finding.blameless);
  return { ...gate, outcome: all ? 'error' : 'fail', findings: plain };
}

function proof(facts: SmokeFacts): Finding[] {
  const findings: Finding[] = [];
  const say = (message: string, why: Partial<Pick<Reason, 'cause' | 'hint'>> = {}) =>
    findings.push({
      subject: 'the smoke gate itself',
      reason: reason('gate-error', { message, step: 'gate smoke', ...why }),
    });
  const own = (rehearsals: readonly Rehearsal[]) => rehearsals.some((one) => one.from === 'suite');
  if (!own(facts.candidate)) say('no scenario ran: the suite is empty');
  // `proven`: it passed this very suite within the hour (decide/flow/gating asked for no more).
  const current = facts.current === 'proven' ? null : facts.current;
  if (current !== null && !own(current)) say('current was not rehearsed');
  for (const rehearsal of current ?? []) {
    const fault = scenarioFault(rehearsal);
    if (fault === null) continue;
    const { message, cause, hint } = fault.reason;
    const { name } = rehearsal.scenario;
    if (fault.blameless) say(`current could not be rehearsed: ${message}`, { cause, hint });
    else say(`current itself fails "${name}"`, { cause });
  }
  const broken = facts.broken.map(scenarioFault);
  const outsider = broken.find((fault) => fault?.blameless)?.reason;
  if (broken.length === 0) say('the built-in broken release was not rehearsed');
  else if (broken.some((fault) => fault !== null && !fault.blameless)) return findings;
  else if (outsider !== undefined) {
    const { message, cause, hint } = outsider;
    say(`the built-in broken release could not be rehearsed: ${message}`, { cause, hint });
  } else say('the suite passes a release that is broken: it cannot show that it can fail');
  return findings;
}

/** What fails for these shows nothing about the release. */
const outsiders: ReadonlySet<RunCause> = new Set<RunCause>(['upstream', 'host', 'halt']);

/** A halt met one of its runs: what they showed is no judgment, whatever they came to. */
export function metHalt({ candidate, current, broken }: SmokeFacts): boolean {
  const all = [...candidate, ...(Array.isArray(current) ? current : []), ...broken];
  return all.some(
    ({ ending }) => ending.stoppedBy === 'halt' || ending.door.lastFailure?.by === 'halt',
  );
}

/** What a scenario's run did otherwise than expected; null when it passed. */
export function scenarioFault(rehearsal: Rehearsal): { reason: Reason; blameless: boolean } | null {
  const { scenario, ending } = rehearsal;
  const verdict = attribute(ending);
  const blameless = verdict.cause !== null && outsiders.has(verdict.cause);
  const wrong = [...ending.door.scriptFaults, ...unmet(rehearsal)];
  const exitAsWanted = ending.exit === scenario.expect.exit && ending.stoppedBy === null;
  const failed = verdict.outcome !== 'ok' && !(exitAsWanted && scenario.expect.exit !== 0);
  if (!failed && wrong.length === 0) return null;
  const parts = verdict.reason ?? null;
  return {
    blameless: failed && blameless,
    reason: reason(smokeCode(verdict, failed && blameless), {
      message: `path ${scenario.path}: ${parts?.message ?? wrong[0] ?? 'failed'}`,
      step: parts?.step ?? 'gate smoke',
      input: parts?.input ?? `scenario "${scenario.name}" as ${rehearsal.agent}`,
      expected: parts?.expected ?? `exit ${scenario.expect.exit}`,
      actual: wrong.length > 0 ? wrong.join('; ') : (parts?.actual ?? `exit ${ending.exit}`),
      cause: ending.door.scriptFaults.at(-1) ?? innermostReport(ending),
      ...(failed && blameless && parts !== null ? { hint: parts.hint } : {}),
    }),
  };
}

function smokeCode({ outcome }: Verdict, blameless: boolean): ReasonCode {
  if (blameless) return 'gate-error';
  return outcome === 'empty' ? 'run-empty' : 'gate-smoke';
}

function unmet({ scenario, ending, files }: Rehearsal): string[] {
  const { expect } = scenario;
  const wrong: string[] = [];
  if (ending.exit !== expect.exit) wrong.push(`exit ${ending.exit}, expected ${expect.exit}`);
  for (const [path, expectation] of Object.entries(expect.files)) {
    if (!met(expectation, files[path])) {
      wrong.push(`${path}: expected ${JSON.stringify(expectation)}`);
    }
  }
  const calls = ending.door.calls;
  if (expect.calls !== undefined && expect.calls.join() !== calls.join()) {
    wrong.push(`called [${calls.join(', ')}], expected [${expect.calls.join(', ')}]`);
  }
  if (expect.steps !== undefined && !compare(ending.door.steps, expect.steps)) {
    wrong.push(`${ending.door.steps} model calls, expected ${expect.steps}`);
  }
  return wrong;
}

function met(expectation: FileExpectation, found?: { present: boolean; contains: boolean }) {
  if (found === undefined) return false;
  if (expectation === 'absent') return !found.present;
  return expectation === 'present' ? found.present : found.present && found.contains;
}

function compare(actual: number, condition: string): boolean {
  const [, sign, number] = /^(<=|>=|==|<|>) *(\d+)$/.exec(condition) ?? [];
  const bound = Number(number);
  if (sign === '<=') return actual <= bound;
  if (sign === '>=') return actual >= bound;
  if (sign === '<') return actual < bound;
  return sign === '>' ? actual > bound : sign === '==' && actual === bound;
}

const nameOf = (rehearsal: Rehearsal): string =>
  `${rehearsal.scenario.name} (${rehearsal.from === 'suite' ? 'smoke' : 'app/smoke'})`;

const asFinding = (because: Reason): Finding => ({ subject: 'smoke suite', reason: because });
