/** What a ROOT still says when its journal is gone: manifests, receipts, sealed drops, history. */
import { z } from 'zod';
import { kindOf, listFolder, readText } from '../../host/files/files.ts';
import type { Layout } from '../../model/layout.ts';
import { type Phase, type Proposal, phases } from '../../model/proposal.ts';
import { type Manifest, manifestSchema } from '../../model/release.ts';

export interface Told {
  agent: string;
  receipt: Receipt;
}

export interface Found {
  /** By id, oldest first. */
  releases: ReadonlyMap<string, Manifest>;
  /** By the proposal's id. */
  receipts: ReadonlyMap<string, Told>;
  /** Sealed drops, by the proposal's id. */
  sealed: ReadonlyMap<string, SealedThere>;
  /** What is there and could not be read, in words. */
  unreadable: string[];
}

const phase = z.enum(Object.keys(phases) as [Phase, ...Phase[]]);
const receiptSchema = z.looseObject({
  id: z.string(),
  drop: z.string(),
  title: z.string(),
  phase,
  reason: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  release: z.string().nullable(),
  digest: z.string().nullable(),
  gates: z.array(z.unknown()),
  canary: z.unknown(),
  at: z.string(),
});
/** As `receipts.ts` writes it: only who wrote it can have written what the schema leaves open. */
type Receipt = z.infer<typeof receiptSchema> &
  Pick<Proposal, 'reason' | 'gates' | 'canary' | 'phase'>;

const sealedSchema = z.object({
  kind: z.literal('sealed'),
  sealed: z.object({
    form: z.enum(['patch', 'overlay']),
    title: z.string(),
    why: z.string(),
    base: z.string().nullable(),
    paths: z.array(z.string()),
    bytes: z.number(),
    sha256: z.string(),
  }),
});
export type SealedThere = z.infer<typeof sealedSchema>['sealed'];

export function lookAround(layout: Layout): Found {
  const unreadable: string[] = [];
  return {
    releases: releasesOf(layout, unreadable),
    receipts: receiptsOf(layout, unreadable),
    sealed: sealedOf(layout, unreadable),
    unreadable,
  };
}

function releasesOf(layout: Layout, unreadable: string[]): Map<string, Manifest> {
  const all = new Map<string, Manifest>();
  const folders = listFolder(layout.releases).filter((id) => !id.startsWith('.'));
  for (const id of folders.toSorted()) {
    if (kindOf(layout.release(id)) !== 'folder') continue;
    const manifest = parsed(manifestSchema, layout.manifest(id));
    if (manifest?.id === id) all.set(id, manifest);
    else unreadable.push(`release ${id}: its manifest cannot be read, so it is no release`);
  }
  for (const id of listFolder(`${layout.history}/refs/releases`)) {
    if (id.endsWith('.lock') || kindOf(layout.release(id)) !== 'absent') continue;
    unreadable.push(
      `release ${id}: it is in the history alone; whether it was barred is not known`,
    );
  }
  return all;
}

function receiptsOf(layout: Layout, unreadable: string[]): Map<string, Told> {
  const all = new Map<string, Told>();
  const folder = layout.receipts('').replace(/\/$/, '');
  for (const agent of listFolder(folder)) {
    if (kindOf(layout.receipts(agent)) !== 'folder') continue;
    for (const name of listFolder(layout.receipts(agent))) {
      if (!name.endsWith('.json') || name.startsWith('.')) continue;
      const receipt = parsed(receiptSchema, `${layout.receipts(agent)}/${name}`);
      if (receipt?.id === name.slice(0, -'.json'.length)) {
        all.set(receipt.id, { agent, receipt: receipt as Receipt });
      } else unreadable.push(`receipt ${agent}/${name}: it cannot be read`);
    }
  }
  return all;
}

function sealedOf(layout: Layout, unreadable: string[]): Map<string, SealedThere> {
  const all = new Map<string, SealedThere>();
  for (const id of listFolder(layout.intake)) {
    const file = `${layout.sealed(id)}/seal.json`;
    const said = parsed(sealedSchema, file);
    if (said !== null) all.set(id, said.sealed);
    else if (kindOf(file) === 'absent') {
      unreadable.push(
        `drop ${id}: it was claimed and not sealed yet; it lies in ${layout.sealed(id)}`,
      );
    }
  }
  return all;
}

/** null where it is not there, or is not what it should be. */
function parsed<T>(schema: z.ZodType<T>, file: string): T | null {
  const text = readText(file);
  if (text === null) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
