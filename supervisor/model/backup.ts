import { z } from 'zod';

/** What a backup says of itself, as `backup.json` in it. */
export const backupSchema = z.strictObject({
  schema: z.literal(1),
  /** Of the Airlock that made it. */
  version: z.string(),
  createdAt: z.string(),
  /** What `current` named. */
  current: z.string().nullable(),
  /** Releases that are in it, whole. */
  releases: z.array(z.string()),
  journal: z.boolean(),
  policy: z.boolean(),
});
export type Backup = z.infer<typeof backupSchema>;
