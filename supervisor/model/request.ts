import { z } from 'zod';
import { agentName, pathSchema } from './runtime.ts';

const text = z.string().max(4000);
const id = z.string().min(1).max(200);

/** An operator's verb that changes something, as a file in `var/control/` (architecture, 5). */
export const requestSchema = z.discriminatedUnion('verb', [
  z.strictObject({ verb: z.literal('approve'), proposal: id, digest: z.string().min(6).max(64) }),
  z.strictObject({ verb: z.literal('reject'), proposal: id, reason: text }),
  z.strictObject({ verb: z.literal('withdraw'), proposal: id }),
  z.strictObject({ verb: z.literal('promote'), proposal: id, reason: text }),
  z.strictObject({ verb: z.literal('abort'), reason: text }),
  z.strictObject({
    verb: z.literal('rollback'),
    to: id.nullable(),
    keep: z.boolean(),
    reason: text,
    /** Break glass: the command flipped already, because the daemon did not answer. */
    flipped: z.strictObject({ from: id.nullable(), to: id }).nullable(),
  }),
  z.strictObject({ verb: z.literal('unbar'), digest: z.string().min(6).max(64), reason: text }),
  z.strictObject({ verb: z.literal('acknowledge'), reason: text }),
  z.strictObject({ verb: z.literal('policy-apply'), digest: z.string().length(64) }),
  z.strictObject({ verb: z.literal('policy-rollback'), reason: text }),
  z.strictObject({ verb: z.literal('run'), agent: agentName, path: pathSchema.nullable() }),
  z.strictObject({ verb: z.literal('cancel'), run: id }),
]);

export type Request = z.infer<typeof requestSchema>;
export type Verb = Request['verb'];

/** Whose inbox `airlock propose` drops into without `--as`: an operator's. */
export const operator = 'operator';
