import { agentName, pathSchema, paths } from '../../model/runtime.ts';
import { ask } from '../ask.ts';
import { argument, type Call, type Result, usage } from '../call.ts';

export function verb(call: Call): Promise<Result> {
  const agent = agentName.safeParse(argument(call, 0));
  if (!agent.success)
    throw usage(
      'an agent name is a lower-case letter, then at most 31 of a-z, 0-9 and -',
      argument(call, 0),
    );
  const path = pathSchema.optional().safeParse(call.args[1]);
  if (!path.success) throw usage(`a path is one of ${paths.join(', ')}`, argument(call, 1));
  return ask(call, { verb: 'run', agent: agent.data, path: path.data ?? null });
}
