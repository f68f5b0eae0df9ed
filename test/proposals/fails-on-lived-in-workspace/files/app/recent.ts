import { join } from 'node:path';
import { entriesOf, readText } from '../kernel/listing.ts';
import { list, oneLine } from './prompts.ts';

const SHOWN = 5;

/** The agent's last turns, a line each, from its diary. */
export async function recentTurns(workspace: string): Promise<string> {
  const days = await entriesOf(join(workspace, 'history'));
  const last = days.at(-1);
  if (!last) return '(this is your first turn)';
  const lines = (await readText(last.path)).trim().split('\n').slice(-SHOWN);
  const turns = lines.map((line) => {
    const turn = JSON.parse(line);
    return `${turn.at} ${turn.path}: ${oneLine(turn.summary.slice(0, 80))}`;
  });
  return list(turns, '(this is your first turn)');
}
