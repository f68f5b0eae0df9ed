import type { Assignment } from '../kernel/app.ts';
import type { Desk } from './desk.ts';
import { offer } from './offer.ts';
import { fillTemplate } from './prompts.ts';
import { recentTurns } from './recent.ts';
import { startTools } from './tools/server.ts';

/** What a path says of its assignment; the rest is the same on all five. */
export interface Order {
  about: string;
  /** What the template of the path is filled with. */
  values: Record<string, string>;
  review?: Assignment['review'];
  settle?: Assignment['settle'];
}

/** An assignment of this turn's path: its prompts are filled, its tools start when asked for. */
export async function assign(desk: Desk, order: Order): Promise<Assignment> {
  const { agent, team, path, workspace } = desk.turn;
  const others = team.filter((name) => name !== agent.name).join(', ');
  const about = { agent: agent.name, role: agent.role, path, others, recent: await recentTurns(workspace) };
  return {
    about: order.about,
    system: await fillTemplate('system', about),
    user: await fillTemplate(path, { ...about, ...order.values }),
    tools: () => startTools(desk),
    offer: (tools) => offer(tools, path),
    review: order.review ?? (async () => null),
    settle: order.settle ?? (async () => {}),
  };
}

/** A review that objects once: a model that does not listen is not asked forever. */
export function objectOnce(objection: (words: string) => string | null): Assignment['review'] {
  let objected = false;
  return async (words) => {
    const told = objected ? null : objection(words);
    objected = true;
    return told;
  };
}
