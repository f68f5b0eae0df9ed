/** The head of the chain as it was last told: beside the journal, so that a cut-off end shows. */
import { z } from 'zod';
import { readText, writeDurable } from '../host/files/files.ts';
import type { Layout } from '../model/layout.ts';
import type { Head } from './chain.ts';

const headSchema = z.object({
  seq: z.number().int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

export function writeHead(layout: Layout, head: Head): void {
  writeDurable(layout.journalHead, `${JSON.stringify(head)}\n`, 0o644);
}

/** Empty where none was told, or what stands there is no head. */
export function toldHeads(layout: Layout): Head[] {
  const text = readText(layout.journalHead);
  if (text === null) return [];
  try {
    const said = headSchema.safeParse(JSON.parse(text));
    return said.success ? [said.data] : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
