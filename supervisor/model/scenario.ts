import { z } from 'zod';
import { duration } from './duration.ts';
import { agentName, pathSchema } from './runtime.ts';

const callSchema = z.strictObject({
  tool: z.string().min(1),
  args: z.record(z.string(), z.unknown()).default({}),
});

/** One turn of the rehearsal model: a tool call, several (with words before, if any), or words. */
const turnSchema = z.union([
  z.strictObject({
    call: z.union([callSchema, z.array(callSchema).min(1).max(50)]),
    say: z.string().min(1).optional(),
  }),
  z.strictObject({ say: z.string().min(1) }),
]);
export type ScriptTurn = z.infer<typeof turnSchema>;

const fileExpectation = z.union([
  z.enum(['present', 'absent']),
  z.strictObject({ contains: z.string() }),
]);
export type FileExpectation = z.infer<typeof fileExpectation>;

const expectSchema = z.strictObject({
  exit: z.number().int().default(0),
  files: z.record(z.string(), fileExpectation).default({}),
  calls: z.array(z.string()).optional(),
  steps: z
    .string()
    .regex(/^(<=|>=|==|<|>) *\d+$/, 'steps is written "<= 5"')
    .optional(),
  within: duration.prefault('30s'),
});

/** A smoke scenario (contract, section 6). */
export const scenarioSchema = z.strictObject({
  name: z.string().min(1).max(200),
  path: pathSchema,
  agent: agentName.optional(),
  workspace: z.record(z.string().max(512), z.string()).default({}),
  model: z.array(turnSchema).default([]),
  expect: expectSchema.prefault({}),
});
export type Scenario = z.infer<typeof scenarioSchema>;

/** What one scenario's run showed: facts that `decide/gates` judges. */
export interface Rehearsal {
  scenario: Scenario;
  /** Brought by the release under `app/smoke/`, or the supervisor's own. */
  from: 'suite' | 'release';
  agent: string;
  ending: import('./run.ts').RunEnding;
  /** For every path of `expect.files`: what is there. */
  files: Record<string, { present: boolean; contains: boolean }>;
}
