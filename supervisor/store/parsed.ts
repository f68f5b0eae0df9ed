/**
 * What `agents.yaml` says, by the digest of its bytes, so that each content is read as YAML once:
 * that takes 4 ms a KiB. Only a shortcut: what is missing here, or damaged, is read as YAML again.
 */
import { join } from 'node:path';
import { errorCode, listFolder, makeFolder, writeDurable } from '../host/files/files.ts';
import { lookAt, readSmall, removeName, touch } from '../host/files/records.ts';
import type { Layout } from '../model/layout.ts';
import { type Agent, agentsFileSchema } from '../model/runtime.ts';

/** Contents in this process's memory, and on the disk. */
const mostRemembered = 4;
const mostKept = 16;
/** Aliases unfold: what a small file says may be big. */
const mostBytes = 16 * 1024 * 1024;

const remembered = new Map<string, Agent[]>();

/** The agents of this content; null where nobody knows them. One array for each content. */
export function knownAgents(layout: Layout, digest: string): Agent[] | null {
  const here = remembered.get(digest);
  if (here !== undefined) return remember(digest, here);
  const small = readSmall(fileOf(layout, digest), mostBytes);
  const judged = small.kind === 'file' ? agentsFileSchema.safeParse(jsonOf(small.content)) : null;
  return judged?.success ? remember(digest, judged.data.agents) : null;
}

/** Those asked for last stay. */
export function remember(digest: string, agents: Agent[]): Agent[] {
  remembered.delete(digest);
  remembered.set(digest, agents);
  const [oldest] = remembered.keys();
  if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
  return agents;
}

/** Whether it is on the disk; it stays there now, as one that was used last. */
export const isKept = (layout: Layout, digest: string): boolean => touch(fileOf(layout, digest));

/** Write down what a valid file said. A disk that takes nothing costs speed and no more. */
export function keepParsed(layout: Layout, digest: string, found: unknown): void {
  const text = JSON.stringify(found);
  if (text.length > mostBytes) return;
  try {
    makeFolder(layout.parsed);
    writeDurable(fileOf(layout, digest), text);
    for (const name of oldest(layout)) removeName(join(layout.parsed, name));
  } catch (error) {
    if (errorCode(error) === null) throw error;
  }
}

/** Beyond those that were used last. */
function oldest(layout: Layout): string[] {
  const at = (name: string) => lookAt(join(layout.parsed, name))?.mtimeMs ?? 0;
  const all = listFolder(layout.parsed).map((name) => ({ name, at: at(name) }));
  const byAge = all.toSorted((a, b) => b.at - a.at);
  return byAge.slice(mostKept).map(({ name }) => name);
}

const fileOf = (layout: Layout, digest: string) => join(layout.parsed, `${digest}.json`);

function jsonOf(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
