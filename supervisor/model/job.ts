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
  /** Bytes that its workspace and inbox may hold together. */
  workspace: count(2 ** 50),
  /** Names that its inbox may hold. */
  inbox: count(2 ** 31),
  /** Bytes of the disk that no run may use up: the host's own. */
  reserve: z
    .number()
    .int()
    .nonnegative()
    .max(2 ** 50),
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

/** A place on the invocation path, and what is tried there. */
export const targetSchema = z.strictObject({
  path: text(4 * KiB).regex(/^\//),
  kind: z.enum(['file', 'folder', 'link']),
  /** Try to make a new name in this folder. */
  fresh: z.boolean(),
  /** Try whether the thing itself may be removed or replaced. */
  entry: z.boolean(),
  /** Every way in which a new name can come. */
  key: z.boolean(),
  /** Not for this user: it is his own. */
  except: z.number().int().nullable(),
});

export type Target = z.infer<typeof targetSchema>;

/** Really try, as each of these users, to change what runs start from. */
export const probeJobSchema = z.strictObject({
  job: z.literal('probe'),
  users: z.array(z.strictObject({ name: text(64), uid: count(2 ** 32 - 2) })).max(10_000),
  targets: z.array(targetSchema).max(10_000),
});

/** Make the user of an agent, `maker` or `lab.maker`, where there is none. */
export const userJobSchema = z.strictObject({ job: z.literal('user'), owner: text(64) });

/** What the host offers to runs. */
export const offersJobSchema = z.strictObject({ job: z.literal('offers') });

/** Every job there is: the launcher has a handler for each. */
export const jobSchema = z.discriminatedUnion('job', [
  runJobSchema,
  probeJobSchema,
  userJobSchema,
  offersJobSchema,
]);
export type Job = z.infer<typeof jobSchema>;
export type JobKind = Job['job'];

/** All that may follow a job on its connection. */
export const stopSchema = z.strictObject({
  stop: z.enum(['timeout', 'halt', 'operator', 'rollback', 'shutdown']),
});
