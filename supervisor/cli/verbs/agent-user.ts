import { makeAgentUser, parseOwner } from '../../host/sandbox/agent-user.ts';
import { argument, type Call, exits, type Result } from '../call.ts';

/** Make the user of an agent; what the unit `airlock-user@` does, since the services may not. */
export async function verb(call: Call): Promise<Result> {
  const owner = parseOwner(argument(call, 0));
  await makeAgentUser(owner);
  return { exit: exits.done, json: { schema: 1, ok: true, owner }, text: () => '' };
}
