import { z } from 'zod';
import type { Reason } from './reason.ts';

/** The five ways in which an agent is invoked. */
export const paths = ['task', 'drive', 'thread', 'triage', 'standing'] as const;
export const pathSchema = z.enum(paths);
export type RunPath = (typeof paths)[number];

/** Faults are said as what must be, so that every reader can put the place before it. */
const aName = 'must be a lower-case letter, then at most 31 lower-case letters, digits or -';
const aTool = 'must be a tool name: 1 to 64 letters, digits and _ . -';
const aSchedule = 'must be a schedule of five or six fields (six: with seconds), as "*/15 * * * *"';

export const agentName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, aName);

/** Five or six fields; whether they mean anything is judged by `decide/schedule`. */
export const cron = z.string(aSchedule).regex(/^\S+( +\S+){4,5}$/, aSchedule);

export const agentSchema = z.strictObject({
  name: agentName,
  role: z.string().max(2000).default(''),
  tenant: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, aName)
    .default('default'),
  mode: z.enum(['scheduled', 'resident']).default('scheduled'),
  schedule: z.partialRecord(pathSchema, cron).default({}),
  model: z.string().min(1).max(64),
  tools: z
    .array(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, aTool))
    .max(200)
    .default([]),
  /** USD. */
  budget: z
    .strictObject({ run: z.number().positive(), day: z.number().positive() })
    .partial()
    .default({}),
});

/** One agent, as `config/agents.yaml` of a release says it. */
export type Agent = z.infer<typeof agentSchema>;

/** All that the supervisor needs of a runtime's configuration (contract, section 5). */
export const agentsFileSchema = z
  .strictObject({ agents: z.array(agentSchema).min(1).max(5000) })
  .superRefine((file, context) => {
    const seen = new Set<string>();
    file.agents.forEach((agent, index) => {
      if (seen.has(agent.name)) {
        const message = `must not come twice: there is a "${agent.name}" before it`;
        context.addIssue({ code: 'custom', path: ['agents', index, 'name'], message });
      }
      seen.add(agent.name);
    });
  });

/** A release's configuration as read, or all its faults at once. */
export type RuntimeConfig = { agents: Agent[]; faults: [] } | { agents: null; faults: Reason[] };
