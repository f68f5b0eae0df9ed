import { z } from 'zod';
import { bytes, duration } from './duration.ts';
import type { Reason } from './reason.ts';
import { agentName, cron } from './runtime.ts';

/**
 * The policy file (contract, section 4). Every limit has a unit and a default; `policy schema`
 * prints this as JSON Schema. Durations become milliseconds, sizes bytes, on parsing.
 */
const glob = z.string().min(1).max(512);
const argv = z.array(z.string().min(1)).min(1);
const relativePath = z.string().min(1).max(512);

const includeSchema = z.union([
  relativePath,
  z.strictObject({ from: relativePath, to: relativePath }),
]);

const runtimeSchema = z.strictObject({
  source: relativePath.describe('the first release is made from here'),
  include: z.array(includeSchema).min(1),
  entry: argv.describe('starts a run, with cwd /runtime'),
  tools: relativePath.optional().describe('mounted read-only for build steps alone'),
  build: z.array(argv).default([]).describe('checks on a private copy, without network'),
});

/** What a host may offer: limits on runs, kill and freeze in one go, users of their own. */
export const hostAbilities = ['memory', 'pids', 'cpu', 'freeze', 'users'] as const;
export type HostAbility = (typeof hostAbilities)[number];

const permissionSchema = z.strictObject({
  paths: z.array(glob).min(1),
  agents: z.array(agentName).min(1).optional().describe('all agents if left out'),
  approval: z.enum(['none', 'operator']).default('none'),
});

const upstreamSchema = z.discriminatedUnion('provider', [
  z.strictObject({ provider: z.literal('rehearsal') }),
  z.strictObject({
    provider: z.enum(['anthropic', 'openai']),
    url: z.url(),
    model: z.string().min(1),
    keyFile: z.string().min(1),
    price: z
      .strictObject({
        input: z.number().nonnegative(),
        output: z.number().nonnegative(),
        cacheRead: z.number().nonnegative().optional(),
        cacheWrite: z.number().nonnegative().optional(),
      })
      .optional()
      .describe('USD per million tokens; the built-in table if left out'),
  }),
]);
export type Upstream = z.infer<typeof upstreamSchema>;

const proposalLimits = z
  .strictObject({
    bytes: bytes.prefault('32MiB'),
    files: z.number().int().positive().default(5000),
    depth: z.number().int().positive().default(32),
    path: bytes.prefault('512B').describe('bytes a path'),
  })
  .prefault({});

const runLimits = z
  .strictObject({
    wall: duration.prefault('10m').describe('wall clock of a run; passing it is a timeout'),
    output: bytes.prefault('1MiB').describe('stdout and stderr kept, each'),
    flood: bytes.prefault('64MiB').describe('a run that prints more is stopped'),
    trace: bytes.prefault('8MiB').describe('a trace file'),
    memory: bytes.prefault('2GiB').describe('of a run, its /tmp included; needs cgroups'),
    processes: z.number().int().positive().default(512).describe('threads count; needs cgroups'),
    cpu: z.number().positive().default(2).describe('cores of a run; needs cgroups'),
    workspace: bytes.prefault('4GiB').describe('what workspace and inbox of a run may hold'),
    inbox: z.number().int().positive().default(10_000).describe('names that an inbox may hold'),
    concurrent: z.number().int().positive().default(4).describe('service runs at once'),
  })
  .prefault({});

const modelLimits = z
  .strictObject({
    request: bytes.prefault('16MiB').describe('body of a model call'),
    wall: duration.prefault('5m').describe('one model call'),
  })
  .prefault({});

const mailLimits = z
  .strictObject({
    bytes: bytes.prefault('64KiB').describe('one message'),
    waiting: z.number().int().positive().default(200).describe('files in a mail folder'),
    perRun: z.number().int().positive().default(50).describe('messages a run may send'),
  })
  .prefault({});

const limitsSchema = z
  .strictObject({
    proposal: proposalLimits,
    queuedPerAgent: z.number().int().positive().default(20),
    settle: duration.prefault('500ms').describe('a plain copy is taken when unchanged for this'),
    run: runLimits,
    model: modelLimits,
    mail: mailLimits,
    build: duration.prefault('5m').describe('all build checks together'),
    deps: duration.prefault('5m').describe('installing dependencies'),
    releaseScenarios: duration.prefault('1m').describe('scenarios that a release brings'),
    releaseScenariosUsd: z.number().nonnegative().default(0.02),
    jitter: duration.prefault('20s').describe('spread of starts; at most a tenth of the interval'),
    backoff: duration.prefault('5m').describe('first wait after two failed proposals; doubles'),
    drain: duration.prefault('30s').describe('a stopping daemon waits this long for its runs'),
  })
  .prefault({});

export const policySchema = z.strictObject({
  runtime: runtimeSchema,
  tick: cron.default('*/15 * * * *'),
  timezone: z.string().default('UTC').describe('of schedules'),
  permissions: z.array(permissionSchema).default([]).describe('first match decides; none refuses'),
  authority: z
    .strictObject({
      raise: z.enum(['operator', 'none']).default('operator'),
      reach: z.enum(['operator', 'none']).default('none'),
    })
    .prefault({}),
  approval: z.strictObject({ expires: duration.prefault('72h') }).prefault({}),
  notify: z.strictObject({ command: argv }).optional().describe('gets JSON on stdin'),
  smoke: z.strictObject({
    suite: relativePath,
    model: z.string().default('rehearsal').describe('rehearsal, or a name of models'),
    within: duration.prefault('2m'),
    usd: z.number().nonnegative().default(0.05),
  }),
  canary: z
    .strictObject({
      agent: z.string().default('auto'),
      runs: z.number().int().positive().default(3),
      within: duration.prefault('15m'),
      cost: z.number().positive().default(2).describe('times the baseline'),
      duration: z.number().positive().default(3).describe('times the baseline'),
      extraRuns: z.number().int().nonnegative().default(6),
    })
    .prefault({}),
  bake: z
    .strictObject({
      for: duration.prefault('15m'),
      max: duration.prefault('24h'),
      failedRuns: z.number().int().positive().default(2),
    })
    .prefault({}),
  limits: limitsSchema,
  host: z
    .strictObject({
      require: z
        .array(z.enum(hostAbilities))
        .default([])
        .describe('what must be there, or the supervisor does not start'),
      reserve: bytes.prefault('64MiB').describe('room on the disk that no run may use up'),
    })
    .prefault({}),
  models: z.record(z.string(), z.array(upstreamSchema).min(1)),
  keep: z
    .strictObject({
      releases: z.number().int().positive().default(10),
      traces: duration.prefault('30d'),
      intake: duration.prefault('30d'),
    })
    .prefault({}),
});

/** The policy as parsed: durations in milliseconds, sizes in bytes, defaults filled in. */
export type Policy = z.infer<typeof policySchema>;

/** The policy in force, with where its relative paths start and its digest (sha256 of the file). */
export interface PolicyInForce {
  policy: Policy;
  /** Absolute folder of the policy file. */
  folder: string;
  file: string;
  digest: string;
}

/** The policy file as it was last read: what it holds need not be in force. */
export interface PolicySeen {
  /** null: it is not valid. */
  policy: PolicyInForce | null;
  fault: Reason | null;
  /** Versions that were in force before and could be again. */
  kept: ReadonlySet<string>;
}

/** Where one thing that a release includes comes from and goes to, relative. */
export function includes(policy: Pick<Policy, 'runtime'>): { from: string; to: string }[] {
  return policy.runtime.include.map((one) =>
    typeof one === 'string' ? { from: one, to: one } : one,
  );
}
