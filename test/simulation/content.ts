import type { Agent, RunPath } from '../../supervisor/model/runtime.ts';
import type { Random } from './random.ts';

/** How a run goes wrong on a release that holds a change. */
export interface Fault {
  how: 'fails' | 'hangs' | 'empty' | 'floods' | 'reports' | 'slow' | 'costly';
  /** null: all. */
  agents: readonly string[] | null;
  paths: readonly RunPath[] | null;
  /** 1: every time; less: flaky. */
  chance: number;
}

/** One change of the runtime, with all that will come of it: a release is a set of these. */
export interface Change {
  id: string;
  proposer: string;
  files: string[];
  /** Does not merge once `current` has moved. */
  conflicts: boolean;
  deps: 'same' | 'changed' | 'broken';
  config: 'good' | 'faulty';
  build: 'pass' | 'fail' | 'error';
  smoke: 'pass' | 'fail' | 'blameless' | 'empty';
  entry: 'same' | 'tool' | 'less' | 'oftener' | 'other' | 'new' | 'remove';
  fault: Fault | null;
}

/** What may lie in an inbox. */
export type Content =
  | { is: 'add'; change: Change; base: string | null }
  | { is: 'revert'; change: string; base: string | null }
  | { is: 'withdraw'; target: string }
  | { is: 'malformed' };

const harmless: Omit<Change, 'id' | 'proposer'> = {
  files: ['app/prompt.md'],
  conflicts: false,
  deps: 'same',
  config: 'good',
  build: 'pass',
  smoke: 'pass',
  entry: 'same',
  fault: null,
};

export const plainChange = (id: string, proposer: string): Change => ({
  ...harmless,
  id,
  proposer,
});

/** A change with at most one thing about it, so that each part of the way is reached. */
export function randomChange(
  random: Random,
  id: string,
  proposer: string,
  agents: readonly Agent[],
): Change {
  const change: Change = { ...harmless, id, proposer, conflicts: random.chance(0.15) };
  const kind = random.weighted({
    good: 30,
    fault: 40,
    smoke: 5,
    build: 4,
    config: 3,
    kernel: 7,
    forbidden: 2,
    outside: 2,
    deps: 4,
    entry: 9,
  });
  if (kind === 'fault') return { ...change, fault: randomFault(random, agents) };
  if (kind === 'smoke') return { ...change, smoke: random.pick(['fail', 'blameless', 'empty']) };
  if (kind === 'build') return { ...change, build: random.pick(['fail', 'error']) };
  if (kind === 'config') return { ...change, config: 'faulty' };
  if (kind === 'kernel') return { ...change, files: ['kernel/loop.ts', 'app/prompt.md'] };
  if (kind === 'forbidden') return { ...change, files: ['app/prompt.md', 'vault/key'] };
  if (kind === 'outside') return { ...change, files: ['smoke/suite.yaml'] };
  if (kind === 'deps') {
    return { ...change, files: ['app/deps.json'], deps: random.pick(['changed', 'broken']) };
  }
  if (kind !== 'entry') return change;
  const entry = random.pick(['tool', 'less', 'oftener', 'other', 'new', 'remove'] as const);
  return { ...change, files: ['config/agents.yaml'], entry };
}

function randomFault(random: Random, agents: readonly Agent[]): Fault {
  const names = agents.map((agent) => agent.name);
  const how = random.weighted({
    fails: 10,
    hangs: 2,
    empty: 2,
    floods: 1,
    reports: 2,
    slow: 2,
    costly: 2,
  });
  const who = random.weighted({ all: 2, one: 2, others: 3 });
  const one = random.pick(names);
  const some = who === 'one' ? [one] : names.filter((name) => name !== one);
  const paths = agents.flatMap((agent) => Object.keys(agent.schedule) as RunPath[]);
  const path = random.maybe(paths);
  return {
    how,
    agents: who === 'all' ? null : some,
    paths: path === undefined || random.chance(0.6) ? null : [path],
    chance: random.chance(0.75) ? 1 : 0.5,
  };
}

/** sha256 in shape alone: the same set of changes has the same digest. */
export function digestOf(changes: readonly Change[]): string {
  let hash = 0x811c9dc5;
  for (const { id } of changes) {
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
    hash = Math.imul(hash ^ 0x2f, 0x85ebca6b) >>> 0;
  }
  return hash.toString(16).padStart(8, '0').repeat(8);
}

/** Agents of a release; null when its configuration does not parse. */
export function agentsOf(first: readonly Agent[], changes: readonly Change[]): Agent[] | null {
  if (changes.some((change) => change.config === 'faulty')) return null;
  return changes.reduce<Agent[]>((agents, change) => edit(agents, change), [...first]);
}

function edit(agents: Agent[], { id, proposer, entry }: Change): Agent[] {
  const own = (change: (agent: Agent) => Partial<Agent>) =>
    agents.map((agent) => (agent.name === proposer ? { ...agent, ...change(agent) } : agent));
  const other = agents.find((agent) => agent.name !== proposer)?.name;
  if (entry === 'tool') return own((agent) => ({ tools: [...agent.tools, `tool-${id}`] }));
  if (entry === 'less') return own(({ budget }) => ({ budget: { run: (budget.run ?? 1) / 2 } }));
  if (entry === 'oftener') return own(() => ({ schedule: { task: '*/10 * * * *' } }));
  if (entry === 'other') {
    return agents.map((agent) =>
      agent.name === other ? { ...agent, role: `changed by ${id}` } : agent,
    );
  }
  if (entry === 'new') {
    const [model] = agents;
    return model === undefined ? agents : [...agents, { ...model, name: `new-${id}` }];
  }
  if (entry === 'remove') return agents.filter((agent) => agent.name !== other);
  return agents;
}
