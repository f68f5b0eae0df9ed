import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { milliseconds } from './duration.ts';
import type { Environment } from './environment.ts';
import { paths } from './environment.ts';
import { atStep, RunError } from './errors.ts';

const STEP = 'read the configuration';

/** Of `config/agents.yaml` what a run needs of its own agent; the supervisor judges the rest. */
const agentSchema = z.object({
  name: z.string(),
  role: z.string().default(''),
  model: z.string().min(1),
  tools: z.array(z.string()).default([]),
  schedule: z.record(z.string(), z.string()).default({}),
  budget: z.object({ run: z.number().positive().optional() }).default({}),
});
export type Agent = z.infer<typeof agentSchema>;

const price = z.number().min(0);
const modelSchema = z.strictObject({
  /** Tokens that one answer may have. */
  maxTokens: z.int().positive(),
  stream: z.boolean(),
  timeout: milliseconds,
  usdPerMillionTokens: z.strictObject({
    input: price,
    output: price,
    cacheRead: price,
    cacheWrite: price,
  }),
});
export type ModelSettings = z.infer<typeof modelSchema>;

const pathSchema = z.strictObject({
  /** Model calls that one turn may make. */
  steps: z.int().positive(),
  /** Tasks: how long a claim holds, and how many turns may end without a result. */
  lease: milliseconds.default(3_600_000),
  attempts: z.int().positive().default(3),
  /** Threads: a longer one is no longer answered. */
  messages: z.int().positive().default(40),
  /** Triage: messages that one turn sorts. */
  batch: z.int().positive().default(20),
});
export type PathSettings = z.infer<typeof pathSchema>;

/** The configuration as one run sees it. */
export interface Config {
  agent: Agent;
  /** Names of all agents, this one included. */
  team: string[];
  model: ModelSettings;
  path: PathSettings;
}

const agentsFile = z.object({ agents: z.array(agentSchema) });
const modelsFile = z.record(z.string(), modelSchema).refine((models) => 'default' in models, {
  message: 'needs an entry "default" for models that it does not name',
});
const pathsFile = z.strictObject(
  Object.fromEntries(paths.map((path) => [path, pathSchema])) as Record<
    (typeof paths)[number],
    typeof pathSchema
  >,
);

/** Reads what this run needs of `config/` in the release at `root`; throws a RunError. */
export async function readConfig(root: string, environment: Environment): Promise<Config> {
  const { agents } = await readYaml(root, 'config/agents.yaml', agentsFile);
  const models = await readYaml(root, 'config/models.yaml', modelsFile);
  const settings = await readYaml(root, 'config/paths.yaml', pathsFile);
  const agent = agents.find(({ name }) => name === environment.agent);
  if (!agent) {
    throw new RunError({
      code: 'unknown-agent',
      step: STEP,
      message: `config/agents.yaml has no agent "${environment.agent}"`,
      expected: `one of ${agents.map(({ name }) => name).join(', ')}`,
      actual: environment.agent,
    });
  }
  const model = (models[agent.model] ?? models.default) as ModelSettings;
  const team = agents.map(({ name }) => name);
  return { agent, team, model, path: settings[environment.path] };
}

async function readYaml<S extends z.ZodType>(
  root: string,
  file: string,
  schema: S,
): Promise<z.output<S>> {
  const fault = {
    code: 'config-unreadable',
    step: STEP,
    message: `${file} cannot be read`,
    input: file,
  };
  const content = await atStep(fault, async () => parse(await readFile(join(root, file), 'utf8')));
  const checked = schema.safeParse(content);
  if (checked.success) return checked.data;
  throw new RunError({
    ...fault,
    code: 'config-invalid',
    message: `${file} is not valid`,
    actual: z.prettifyError(checked.error),
  });
}
