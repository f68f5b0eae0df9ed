import { host } from '../../model/state.ts';
import { bad, type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** The policy file is valid, and it is the one in force. */
export function policy(ground: Ground): Finding[] {
  const { policy: file, faults } = ground.loaded();
  if (file === null) return [faulty(ground, faults)];
  const inForce = ground.blank ? null : host(ground.state()).policy;
  const running = !ground.blank && ground.daemon().running;
  if (!running || inForce === null || inForce === file.digest) {
    return [good(`the policy is valid (${file.digest.slice(0, 12)})`)];
  }
  const message = 'the policy file has changed; the older one is in force until the next tick';
  return [warn(message, 'Wait for the tick, or restart the daemon.')];
}

function faulty(
  { policyFile, blank }: Ground,
  faults: readonly { message: string; code: string }[],
) {
  const details = faults.map((one) => one.message);
  if (faults[0]?.code === 'policy-missing') {
    return bad(`there is no policy ${policyFile}`, 'Write one: `airlock init`.');
  }
  const older = blank ? '' : ': a running daemon keeps the older one, a new one does not start';
  const message = `the policy file has ${faults.length} faults${older}`;
  return bad(message, '`airlock policy check` says what to do about each.', details.slice(0, 20));
}
