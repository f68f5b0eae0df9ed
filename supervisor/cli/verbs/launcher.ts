import { serveLauncher } from '../../host/launcher/serve.ts';
import { type Call, type Result, text } from '../call.ts';
import { launcherSocket } from '../place.ts';

/** The launcher of a host install in this very process, until a signal ends it. */
export async function verb(call: Call): Promise<Result> {
  const { root, instance } = call.place;
  const socket = text(call, 'socket') ?? launcherSocket(instance);
  return { exit: await serveLauncher({ socket, root, instance }), json: null, text: () => '' };
}
