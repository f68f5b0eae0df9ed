import { z } from 'zod';

/** `<UTC yyyymmddThhmmssZ>-<first 10 of digest>`; sorts by time. */
export type ReleaseId = string;
/** Hex sha256; what it covers is written in the contract, section 1. */
export type Digest = string;
/** RFC 3339 in UTC. */
export type Instant = string;

export const fileEntrySchema = z.strictObject({
  path: z.string(),
  mode: z.enum(['100644', '100755']),
  /** Bytes. */
  size: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

/** `release.json`: what a release is made of and where it came from. */
export const manifestSchema = z.strictObject({
  schema: z.literal(1),
  id: z.string(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  parent: z.string().nullable(),
  proposal: z.string().nullable(),
  proposer: z.string().nullable(),
  createdAt: z.string(),
  /** Digest of the lock file, the folder under `deps/`; null when the runtime has none. */
  deps: z.string().nullable(),
  /** Sorted by the bytes of the path. */
  files: z.array(fileEntrySchema),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** What the journal holds of a release. */
export interface Release {
  id: ReleaseId;
  digest: Digest;
  parent: ReleaseId | null;
  proposal: string | null;
  proposer: string | null;
  /** Users who proposed this content, by the owners of their drops: of a host install alone. */
  owners?: string[];
  deps: string | null;
  createdAt: Instant;
  /** When it survived its bake (the first release: when it passed smoke). */
  stableAt: Instant | null;
  /** When it first became `current`; absent: not that the journal knows. */
  currentAt?: Instant;
  /** When its folder was removed by retention or because its deployment ended. */
  removedAt: Instant | null;
  /** A flip to it found that it is not whole; null or absent: nothing is known against it. */
  damaged?: { at: Instant; message: string } | null;
}

export type ReleaseState = 'current' | 'candidate' | 'stable' | 'retired' | 'bad';

/** Evidence was found against this content: only an operator's word starts it again. */
export interface BadMark {
  digest: Digest;
  release: ReleaseId;
  at: Instant;
  code: string;
  message: string;
  /** Who proposed it: kept for as long as the bar. */
  owners?: string[];
}
