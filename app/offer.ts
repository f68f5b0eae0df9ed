import type { ToolDefinition } from '../kernel/app.ts';
import type { Path } from '../kernel/environment.ts';

/** The tools that a path is about; a model reaches for what it is shown first. */
const first: Record<Path, string[]> = {
  task: ['complete_task', 'fail_task'],
  drive: ['create_task', 'remember'],
  thread: ['reply_in_thread'],
  triage: ['create_task', 'send_message', 'reply_in_thread'],
  standing: ['propose_change', 'create_task', 'remember'],
};

/** All of the agent's tools, those of the path first; the same order on every call of a turn. */
export function offer(tools: ToolDefinition[], path: Path): ToolDefinition[] {
  const rank = ({ name }: ToolDefinition) => {
    const place = first[path].indexOf(name);
    return place === -1 ? first[path].length : place;
  };
  return tools.toSorted((a, b) => rank(a) - rank(b));
}
