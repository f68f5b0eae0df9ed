import { type PolicyInForce, policySchema } from '../../supervisor/model/policy.ts';
import type { Agent, RunPath } from '../../supervisor/model/runtime.ts';

/** On an installed host nothing else counts; nobody is asked here. */
const paid = { provider: 'anthropic', url: 'http://localhost', model: 'm', keyFile: 'key' };

const written = (change: object) => ({
  runtime: { source: '..', include: ['app', 'config', 'kernel', 'vault'], entry: ['node'] },
  tick: '*/15 * * * *',
  permissions: [{ paths: ['app/**', 'config/**'] }, { paths: ['kernel/**'], approval: 'operator' }],
  approval: { expires: '2h' },
  smoke: { suite: 'smoke' },
  canary: { runs: 2, within: '8m', extraRuns: 4 },
  bake: { for: '3m', max: '30m' },
  limits: { run: { wall: '60s', concurrent: 3 }, queuedPerAgent: 3, backoff: '30s' },
  models: { cheap: [paid], dear: [paid] },
  keep: { releases: 3, traces: '1h', intake: '1h' },
  ...change,
});

/** An operator takes a model away that an agent may have: it does not run then. */
const withoutDear = { models: { cheap: [paid] } };

/** Policies that a history may run under and change between. */
export const policies: readonly PolicyInForce[] = [
  written({ notify: { command: ['tell'] } }),
  written({
    canary: { runs: 3, within: '5m', agent: 'maker' },
    bake: { for: '5m', max: '20m' },
    approval: { expires: '10m' },
  }),
  written({ bake: { for: '1m', max: '15m', failedRuns: 1 }, keep: { releases: 2 } }),
  written({
    canary: { runs: 1, within: '10m', extraRuns: 2 },
    authority: { reach: 'operator' },
    ...withoutDear,
  }),
].map((policy, index) => ({
  policy: policySchema.parse(policy),
  folder: '/etc/airlock',
  file: '/etc/airlock/airlock.yaml',
  digest: `${index}`.repeat(64),
}));

/** The longest that a run may take under any of them, milliseconds. */
export const longestRun = 60_000;
export const tickEvery = 15 * 60_000;

const agent = (
  name: string,
  schedule: Partial<Record<RunPath, string>>,
  more: Partial<Agent> = {},
): Agent => ({
  name,
  role: '',
  tenant: 'default',
  mode: 'scheduled',
  schedule,
  model: 'cheap',
  tools: ['complete_task'],
  budget: { run: 1 },
  ...more,
});

/** Sets of agents that a host may have: one alone, a few, with and without schedules. */
export const crews: readonly Agent[][] = [
  [agent('maker', { task: '*/20 * * * *' })],
  [agent('maker', { task: '*/30 * * * *' }), agent('scout', { standing: '10 * * * *' })],
  [
    agent('maker', { task: '*/30 * * * *', triage: '5,35 * * * *' }),
    agent('reviewer', { thread: '*/45 * * * *' }, { tools: ['complete_task', 'send_message'] }),
    agent('scribe', { drive: '40 */2 * * *' }, { tenant: 'other' }),
  ],
  [
    agent('maker', { task: '0 * * * *' }),
    agent('reviewer', { task: '20 * * * *' }),
    agent('scout', {}),
    agent('scribe', { standing: '*/30 * * * *' }, { model: 'dear' }),
  ],
];
