import { resolve } from 'node:path';
import { readBytes, replaceFile } from '../../host/files/files.ts';
import { followed } from '../../host/files/records.ts';
import { loadPolicy } from '../../store/policy.ts';
import { ask, needDaemon } from '../ask.ts';
import { type Call, exits, type Result } from '../call.ts';
import { needValid } from '../policy.ts';

/** Beyond what the rehearsals may take: gates that are busy are waited for. Milliseconds. */
const moreMs = 5 * 60_000;

/**
 * Ask the daemon to take the policy file now, or first put another's text in its place. The answer
 * comes when `current` has passed the suite under it, or not: then the older one stays in force,
 * and its text comes back to its place.
 */
export async function verb(call: Call): Promise<Result> {
  const { policyFile } = call.place;
  const [given] = call.args;
  const text = given === undefined ? policyFile : resolve(given);
  needDaemon(call.layout, 'policy apply');
  // Judged where it will stand: relative paths start there.
  const read = loadPolicy(policyFile, text);
  const { policy, digest } = needValid(call, read, text);
  const file = followed(policyFile);
  const before = given === undefined ? null : readBytes(file);
  if (read.policy !== null && before !== null) replaceFile(file, read.content);
  const patience = 2 * (policy.smoke.within + policy.limits.releaseScenarios) + moreMs;
  const result = await ask(call, { verb: 'policy-apply', digest }, { patience });
  // What is in its place is what an operator reads as the policy: a text that was refused is not.
  if (result.exit === exits.refused && before !== null) replaceFile(file, before);
  return result;
}
