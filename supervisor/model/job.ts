import { z } from 'zod';

/**
 * What the supervisor asks of the launcher, one job a connection, as JSON lines. The launcher holds
 * what the supervisor must not: it believes nothing that is not said here. No text may hold a NUL,
 * which would end it and begin another where programs are told by NUL-separated words.
 */
const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine((one) => !one.includes('\0'), 'no NUL');
const place = text(1024).nullable();
const count = (most: number) => z.number().int().positive().max(most);
const KiB = 1024;
const GiB = KiB ** 3;

/** What a run may take of the host; each is enforced where the host can. */
export const boundsSchema = z.strictObject({
  /** Bytes, what it keeps in /tmp included. */
  memory: count(2 ** 50),
  processes: count(2 ** 22),
  /** Cores. */
  cpu: z.number().positive().max(4096),
});
export type Bounds = z.infer<typeof boundsSchema>;

export const limitsSchema = z.strictObject({
  kept: count(GiB / 16),
  flood: count(2 ** 50),
  wall: count(2 ** 50),
  bounds: boundsSchema.nullable(),
});

export const runJobSchema = z.strictObject({
  job: z.literal('run'),
  /** null: whoever the launcher is; only one that is not root takes it. */
  user: z.strictObject({ uid: count(2 ** 32 - 2), gid: count(2 ** 32 - 2) }).nullable(),
  runtime: text(KiB),
  runtimeWritable: z.boolean(),
  deps: place,
  tools: place,
  workspace: place,
  inbox: place,
  receipts: place,
  gateway: place,
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), text(16 * KiB)),
  command: z
    .array(text(16 * KiB))
    .min(1)
    .max(256),
  limits: limitsSchema,
});
export type RunJob = z.infer<typeof runJobSchema>;

/** Every job there is: the launcher has a handler for each. */
export const jobSchema = z.discriminatedUnion('job', [runJobSchema]);
export type Job = z.infer<typeof jobSchema>;
export type JobKind = Job['job'];

/** All that may follow a job on its connection. */
export const stopSchema = z.strictObject({
  stop: z.enum(['timeout', 'halt', 'operator', 'rollback', 'shutdown']),
});
