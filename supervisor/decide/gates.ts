import type { Policy } from '../model/policy.ts';
import type { AuthorityFinding, Finding, GateResult, Proposal } from '../model/proposal.ts';
import { type Reason, reason } from '../model/reason.ts';
import { operator } from '../model/request.ts';
import { type Agent, paths } from '../model/runtime.ts';
import type { FileExpectation, Rehearsal } from '../model/scenario.ts';
import type { Candidate } from '../model/state.ts';
import type { SmokeFacts } from '../model/step.ts';
import { attribute, innermostReport } from './attribute.ts';
import { authority } from './authority.ts';
import { forbidden, needApproval } from './permission.ts';
import { cronFault } from './schedule.ts';

/** The `policy` gate: permissions by path, and what the change does to authority. */
export function policyGate(
  policy: Policy,
  proposal: Proposal,
  candidate: Candidate,
): { gate: GateResult; authority: AuthorityFinding[] } {
  const paths = candidate.changes.map((change) => change.path);
  const findings = forbidden(policy, proposal.proposer, paths).map((path) => ({
    subject: path,
    reason: reason('path-not-allowed', {
      message: `no permission rule lets ${proposal.proposer} change ${path}`,
      step: 'gate policy',
      input: path,
      expected: 'a path that a rule of policy permissions names',
    }),
  }));
  const raised =
    policy.authority.raise === 'none' ||
    candidate.before === null ||
    candidate.after === null ||
    candidate.after.some((agent) => agentFaults(policy, agent).length > 0)
      ? // What does not parse or mean anything is refused by the config gate.
        []
      : authority({
          proposer: proposal.proposer,
          before: candidate.before,
          after: candidate.after,
          sharedCode: paths.some((path) => !path.startsWith('config/')),
          reach: policy.authority.reach,
          deps: candidate.depsChanged,
        });
  return { gate: result('policy', 0, findings), authority: raised };
}

/** Why a human must say yes before this change goes on; null when none must. */
export function approvalNeeded(
  policy: Policy,
  proposal: Proposal,
  candidate: Candidate,
): Reason | null {
  const paths = needApproval(
    policy,
    proposal.proposer,
    candidate.changes.map((change) => change.path),
  );
  // Whatever policy says of authority: nothing is fetched that no human has seen.
  const fetched = candidate.depsChanged ? ['changes the manifest or the lock file'] : [];
  const said = proposal.authority.map((finding) => finding.message);
  const raised = [...new Set([...said, ...fetched])];
  if (paths.length === 0 && raised.length === 0) return null;
  return reason('needs-approval', {
    message: [...raised, ...paths.map((path) => `changes ${path}`)].slice(0, 20).join('; '),
    step: 'approval',
    input: proposal.digest,
    expected: 'an approval of exactly this digest',
  });
}

/** The `config` gate: every configuration file of the candidate parses, and means something. */
export const configGate = (policy: Policy, candidate: Candidate): GateResult =>
  result('config', 0, [
    ...candidate.configFaults,
    ...(candidate.after ?? []).flatMap((agent) => agentFaults(policy, agent)),
  ]);

/** What an agent's entry says that cannot be: a schedule, a model, a name. */
function agentFaults(policy: Policy, agent: Agent): Finding[] {
  const findings: Finding[] = [];
  const say = (input: string, message: string, expected: string) =>
    findings.push({
      subject: `config/agents.yaml: ${agent.name}`,
      reason: reason('gate-config', { message, step: 'gate config', input, expected }),
    });
  for (const [path, cron] of Object.entries(agent.schedule)) {
    const fault = cronFault(cron, policy.timezone);
    if (fault !== null) say(cron, `schedule.${path}: ${fault}`, 'a cron expression that fires');
  }
  const models = Object.keys(policy.models);
  if (!models.includes(agent.model)) {
    say(agent.model, `no model ${agent.model}`, `one of policy models: ${models.join(', ')}`);
  }
  if (agent.name === operator) {
    say(agent.name, `${operator} is the name of the operators' own inbox`, 'another name');
  }
  return findings;
}

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
  const outsiders = findings.filter((finding) => finding.blameless);
  const plain = findings.map(({ blameless: _, ...finding }) => finding);
  if (findings.length === 0) return { ...gate, outcome: 'pass', findings: [] };
  // A provider or host that fails makes no release bad: the gate could not judge.
  const all = outsiders.length === findings.length;
  return { ...gate, outcome: all ? 'error' : 'fail', findings: plain };
}

function proof(facts: SmokeFacts): Finding[] {
  const findings: Finding[] = [];
  const say = (message: string, cause: string | null) =>
    findings.push({
      subject: 'the smoke gate itself',
      reason: reason('gate-error', { message, step: 'gate smoke', cause }),
    });
  const own = (rehearsals: readonly Rehearsal[]) => rehearsals.some((one) => one.from === 'suite');
  if (!own(facts.candidate)) say('no scenario ran: the suite is empty', null);
  // `proven`: it passed this very suite within the hour (decide/flow/gating asked for no more).
  const current = facts.current === 'proven' ? null : facts.current;
  if (current !== null && !own(current)) say('current was not rehearsed', null);
  for (const rehearsal of current ?? []) {
    const fault = scenarioFault(rehearsal);
    if (fault !== null) {
      say(`current itself fails "${rehearsal.scenario.name}"`, fault.reason.cause);
    }
  }
  if (facts.broken.length === 0) say('the built-in broken release was not rehearsed', null);
  else if (facts.broken.every((rehearsal) => scenarioFault(rehearsal)?.blameless ?? true)) {
    say('the suite passes a release that is broken: it cannot show that it can fail', null);
  }
  return findings;
}

/** What a scenario's run did otherwise than expected; null when it passed. */
export function scenarioFault(rehearsal: Rehearsal): { reason: Reason; blameless: boolean } | null {
  const { scenario, ending } = rehearsal;
  const verdict = attribute(ending);
  const blameless = verdict.cause === 'upstream' || verdict.cause === 'host';
  const wrong = [...ending.door.scriptFaults, ...unmet(rehearsal)];
  const exitAsWanted = ending.exit === scenario.expect.exit && ending.stoppedBy === null;
  const failed = verdict.outcome !== 'ok' && !(exitAsWanted && scenario.expect.exit !== 0);
  if (!failed && wrong.length === 0) return null;
  const parts = verdict.reason ?? null;
  return {
    blameless: failed && blameless,
    reason: reason(verdict.outcome === 'empty' ? 'run-empty' : 'gate-smoke', {
      message: `path ${scenario.path}: ${parts?.message ?? wrong[0] ?? 'failed'}`,
      step: parts?.step ?? 'gate smoke',
      input: parts?.input ?? `scenario "${scenario.name}" as ${rehearsal.agent}`,
      expected: parts?.expected ?? `exit ${scenario.expect.exit}`,
      actual: wrong.length > 0 ? wrong.join('; ') : (parts?.actual ?? `exit ${ending.exit}`),
      cause: ending.door.scriptFaults.at(-1) ?? innermostReport(ending),
    }),
  };
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

const result = (name: GateResult['name'], ms: number, findings: Finding[]): GateResult => ({
  name,
  outcome: findings.length === 0 ? 'pass' : 'fail',
  ms,
  findings,
});

/** Why a proposal is refused by a gate's result. */
export function refusal(gate: GateResult): Reason {
  const [first] = gate.findings;
  const more = gate.findings.length - 1;
  const codes = { policy: 'gate-policy', config: 'gate-config', build: 'gate-build' } as const;
  const code = gate.name === 'smoke' ? 'gate-smoke' : codes[gate.name];
  return reason(gate.outcome === 'error' ? 'gate-error' : code, {
    message: `${pathsOf(gate)}${first?.subject ?? gate.name}: ${first?.reason.message ?? 'failed'}${
      more > 0 ? ` (and ${more} more)` : ''
    }`,
    step: `gate ${gate.name}`,
    input: first?.reason.input ?? null,
    expected: first?.reason.expected ?? null,
    actual: first?.reason.actual ?? null,
    cause: first?.reason.cause ?? null,
  });
}

/** Which invocation paths are broken: one glance tells whether it is all of them. */
function pathsOf(gate: GateResult): string {
  const failed = new Set(gate.findings.flatMap(({ path }) => (path === undefined ? [] : [path])));
  if (failed.size < 2) return '';
  const named = paths.filter((path) => failed.has(path));
  return named.length === paths.length
    ? `all ${paths.length} paths (${named.join(', ')}) are broken: `
    : `paths ${named.join(', ')} are broken: `;
}
