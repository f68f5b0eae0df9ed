import type { Candidate } from '../model/deployment.ts';
import type { Policy } from '../model/policy.ts';
import type { AuthorityFinding, Finding, GateResult, Proposal } from '../model/proposal.ts';
import { type Reason, reason } from '../model/reason.ts';
import { operator } from '../model/request.ts';
import { type Agent, paths } from '../model/runtime.ts';
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
export function agentFaults(policy: Policy, agent: Agent): Finding[] {
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
    // What made the gate itself impossible also says what to do about it.
    ...(gate.outcome === 'error' && first !== undefined ? { hint: first.reason.hint } : {}),
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
