import { supervise } from '../../main.ts';
import { type Call, type Result, usage } from '../call.ts';
import { launcherSocket } from '../place.ts';

/** The supervisor in this very process: its log goes to stderr until a signal ends it. */
export async function verb(call: Call): Promise<Result> {
  if (call.json) throw usage('start has no --json: its log is JSON where stderr is no terminal');
  const { root, policyFile, checkout, instance } = call.place;
  const hostInstall = checkout === null;
  if (hostInstall && process.geteuid?.() === 0) {
    process.stderr.write('as root, outside its service: `systemctl start airlock` is meant\n');
  }
  const launcher = hostInstall ? launcherSocket(instance) : null;
  const exit = await supervise({ root, policyFile, hostInstall, instance, launcher });
  // A step that cannot be cancelled may wait for a launcher that is gone: the lock is another's by
  // now, and systemd would wait with it, and take the stop for a failed one.
  process.exit(exit);
}
