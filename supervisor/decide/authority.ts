import type { AuthorityFinding } from '../model/proposal.ts';
import type { Agent } from '../model/runtime.ts';
import { tighter } from './schedule.ts';

export interface AuthorityQuestion {
  proposer: string;
  before: Agent[];
  after: Agent[];
  /** Whether shared code changed, and whether policy asks about its reach. */
  sharedCode: boolean;
  reach: 'operator' | 'none';
  /** The manifest or the lock file changed. */
  deps: boolean;
}

/**
 * In which ways a change raises authority or touches another's entry (contract, section 2).
 * Computed from both configurations, whatever the paths say. An agent may shrink its own.
 */
export function authority(question: AuthorityQuestion): AuthorityFinding[] {
  const { before, after, proposer } = question;
  const findings: AuthorityFinding[] = [];
  const old = new Map(before.map((agent) => [agent.name, agent]));
  const now = new Map(after.map((agent) => [agent.name, agent]));
  for (const [name] of old) {
    if (!now.has(name) && name !== proposer) {
      findings.push({ agent: name, kind: 'other-agent', message: `removes agent ${name}` });
    }
  }
  for (const [name, agent] of now) {
    const was = old.get(name);
    if (was === undefined) {
      findings.push({ agent: name, kind: 'new-agent', message: `adds agent ${name}` });
    } else {
      findings.push(...raised(was, agent));
      if (name !== proposer && JSON.stringify(was) !== JSON.stringify(agent)) {
        const message = `changes the entry of ${name}, proposed by ${proposer}`;
        findings.push({ agent: name, kind: 'other-agent', message });
      }
    }
  }
  if (question.deps) {
    const message = 'changes the manifest or the lock file';
    findings.push({ agent: proposer, kind: 'deps', message });
  }
  return [...findings, ...reached(question)];
}

function raised(was: Agent, now: Agent): AuthorityFinding[] {
  const agent = now.name;
  const findings: AuthorityFinding[] = [];
  const say = (kind: AuthorityFinding['kind'], message: string) =>
    findings.push({ agent, kind, message: `${agent}: ${message}` });
  for (const scope of ['run', 'day'] as const) {
    const [from, to] = [was.budget[scope], now.budget[scope]];
    // A limit that is left out falls back to the policy's: that may be more.
    if (from !== undefined && (to === undefined || to > from)) {
      say('budget', `budget.${scope} ${from} -> ${to ?? 'none of its own'} USD`);
    }
  }
  const gained = now.tools.filter((tool) => !was.tools.includes(tool));
  if (gained.length > 0) say('tool', `new tools: ${gained.join(', ')}`);
  if (was.model !== now.model) say('model', `model ${was.model} -> ${now.model}`);
  if (was.tenant !== now.tenant) say('other-agent', `tenant ${was.tenant} -> ${now.tenant}`);
  if (was.mode !== now.mode) say('schedule', `mode ${was.mode} -> ${now.mode}`);
  for (const [path, cron] of Object.entries(now.schedule)) {
    const old = was.schedule[path as keyof typeof was.schedule];
    if (cron === undefined || cron === old) continue;
    if (tighter(old ?? null, cron)) say('schedule', `${path}: ${old ?? 'never'} -> ${cron}`);
  }
  return findings;
}

/** Shared code changed by an agent with fewer tools than one that it would reach. */
function reached(question: AuthorityQuestion): AuthorityFinding[] {
  if (!question.sharedCode || question.reach === 'none') return [];
  const own = new Set(question.before.find((one) => one.name === question.proposer)?.tools ?? []);
  return question.before
    .filter((other) => other.name !== question.proposer)
    .filter((other) => other.tools.some((tool) => !own.has(tool)))
    .map((other) => ({
      agent: other.name,
      kind: 'reach' as const,
      message: `changes code that ${other.name} runs, who has tools that the proposer lacks`,
    }));
}
