import type { Desk } from '../desk.ts';

/** What is wrong with whom something is for, or null. */
export function faultOfAddressee({ turn: { agent, team } }: Desk, to: string): string | null {
  if (to === agent.name) return 'That is yourself.';
  if (team.includes(to)) return null;
  return `There is no agent "${to}"; there are ${team.join(', ')}.`;
}
