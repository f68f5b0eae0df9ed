import { isClosed } from '../../host/files/closed.ts';
import { numbered } from '../../model/numbered.ts';
import { host } from '../../model/state.ts';
import { policyGone, versionOf } from '../../store/policies.ts';
import { bad, type Finding, good, unseen, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** The policy file is valid, and it is what is in force. */
export function policy(ground: Ground): Finding[] {
  const { policy: file, faults, ...read } = ground.loaded();
  if (ground.guest && 'unreadable' in read && isClosed(read.unreadable)) {
    return [unseen(`could not look: ${ground.policyFile} is closed to you`)];
  }
  if (file === null) return [faulty(ground, faults)];
  const known = ground.blank ? null : host(ground.state());
  const inForce = known?.policy ?? null;
  const short = (digest: string) => digest.slice(0, 12);
  if (known === null || inForce === null || inForce === file.digest) {
    return [good(`the policy is valid (${short(file.digest)})`), ...unkept(ground, inForce)];
  }
  const older = `${short(inForce)} is in force`;
  const { trial, declined } = known;
  if (declined?.policy === file.digest) {
    const message = `the policy file was not taken (${declined.reason.message}); ${older}`;
    return [bad(message, declined.reason.hint), ...unkept(ground, inForce)];
  }
  const when = ground.daemon().running ? 'it is tried at the next tick' : 'a daemon tries it';
  const state = trial?.policy === file.digest ? 'it is being tried' : when;
  const remedy = 'Wait for the tick, or `airlock policy apply`.';
  const another = `the policy file holds another version (${short(file.digest)})`;
  return [warn(`${another}: ${state}; ${older}`, remedy), ...unkept(ground, inForce)];
}

/** A daemon that starts could not go on with it. */
function unkept({ layout, policyFile }: Ground, inForce: string | null): Finding[] {
  if (inForce === null || versionOf(layout, policyFile, inForce) !== null) return [];
  const message = `the version in force is not kept in ${layout.policies}: a start takes the file`;
  return [warn(message, 'See that the policy file is right, then restart the daemon.')];
}

function faulty(
  { layout, policyFile, blank }: Ground,
  faults: readonly { message: string; code: string }[],
) {
  const details = faults.map((one) => one.message);
  if (faults[0]?.code === 'policy-missing') {
    const gone = policyGone(layout, policyFile);
    if (gone !== null) return bad(gone.what, `Copy it back, as root: \`${gone.remedy}\`.`);
    return bad(`there is no policy ${policyFile}`, 'Write one: `airlock init`.');
  }
  const older = blank ? '' : ': a running daemon keeps the older one, a new one does not start';
  const message = `the policy file has ${numbered(faults.length, 'fault')}${older}`;
  return bad(message, '`airlock policy check` says what to do about each.', details.slice(0, 20));
}
