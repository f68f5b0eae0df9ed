import { join } from 'node:path';
import type { Turn } from '../kernel/app.ts';
import { entriesOf } from '../kernel/listing.ts';

/** A reminder for agents that have been at work for a while; nothing in an agent's first turn. */
export async function handingOn({ agent, workspace }: Turn): Promise<string> {
  const days = await entriesOf(join(workspace, 'history'));
  if (days.length === 0) return '';
  const make = toolFor('create_task', agent.tools);
  const ask = toolFor('reply_in_thread', agent.tools);
  return [
    'What somebody else can do better or sooner, hand on:',
    `- as a task of theirs, with ${make} and "to";`,
    `- or ask in the thread, with ${ask}, and say what you need.`,
  ].join('\n');
}

function toolFor(name: string, tools: string[]): string {
  const found = tools.find((tool) => tool === name);
  if (!found) throw new Error(`no tool ${name} among ${tools.join(', ')}`);
  return found;
}
