import { isClosed } from '../../host/files/closed.ts';
import { errorCode, fsErrorText, readBytes, replaceFile } from '../../host/files/files.ts';
import { followed } from '../../host/files/records.ts';
import { Failure } from '../../model/reason.ts';
import { loadPolicy } from '../../store/policy.ts';
import { ask, needDaemon } from '../ask.ts';
import { type Call, exits, type Result } from '../call.ts';
import { startOf } from '../place.ts';
import { fileOf, needValid } from '../policy.ts';

/** Beyond what the rehearsals may take: gates that are busy are waited for. Milliseconds. */
const moreMs = 5 * 60_000;

/**
 * Ask the daemon to take the policy file now, or first put another's text in its place. The answer
 * comes when `current` has passed the suite under it, or not: then the older one stays in force,
 * and its text comes back to its place.
 */
export async function verb(call: Call): Promise<Result> {
  const { policyFile } = call.place;
  const text = fileOf(call, 'policy apply');
  const given = call.args.length > 0;
  // Judged where it will stand: relative paths start there.
  const read = loadPolicy(policyFile, text);
  const { policy, digest } = needValid(call, read, text);
  needDaemon(call.layout, 'policy apply', withoutDaemon(call, given ? text : null));
  const file = followed(policyFile);
  const before = given ? readBytes(file) : null;
  if (read.policy !== null && before !== null) put(file, read.content);
  const patience = 2 * (policy.smoke.within + policy.limits.releaseScenarios) + moreMs;
  const result = await ask(call, { verb: 'policy-apply', digest }, { patience });
  // What is in its place is what an operator reads as the policy: a text that was refused is not.
  if (result.exit === exits.refused && before !== null) put(file, before);
  return result;
}

function put(file: string, content: Uint8Array): void {
  try {
    replaceFile(file, content);
  } catch (error) {
    if (!isClosed(errorCode(error))) throw error;
    const message = `you may not change ${file}`;
    const parts = { step: 'policy apply', input: file, cause: fsErrorText(error) };
    throw new Failure('usage', { message, ...parts, hint: 'Say it as root.' }, error);
  }
}

/** A daemon that starts tries what the policy file holds: by hand it is put there. */
function withoutDaemon({ place }: Call, text: string | null): string {
  const start = `\`${startOf(place)}\``;
  if (text === null) return `Start it, ${start}: it tries the policy file at its first tick.`;
  return `Copy it over ${place.policyFile}, then ${start}: it is tried at the first tick.`;
}
