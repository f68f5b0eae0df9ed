import { resolve } from 'node:path';
import { replaceFile } from '../../host/files/files.ts';
import { followed } from '../../host/files/records.ts';
import { loadPolicy } from '../../store/policy.ts';
import { ask, needDaemon } from '../ask.ts';
import type { Call, Result } from '../call.ts';
import { needValid } from '../policy.ts';

/** Beyond what the rehearsals may take: gates that are busy are waited for. Milliseconds. */
const moreMs = 5 * 60_000;

/**
 * Ask the daemon to take the policy file now, or first put another's text in its place. The answer
 * comes when `current` has passed the suite under it, or not: then the older one stays in force.
 */
export async function verb(call: Call): Promise<Result> {
  const { policyFile } = call.place;
  const [given] = call.args;
  const text = given === undefined ? policyFile : resolve(given);
  needDaemon(call.layout, 'policy apply');
  // Judged where it will stand: relative paths start there.
  const read = loadPolicy(policyFile, text);
  const { policy, digest } = needValid(call, read, text);
  if (read.policy !== null && given !== undefined) replaceFile(followed(policyFile), read.content);
  const patience = 2 * (policy.smoke.within + policy.limits.releaseScenarios) + moreMs;
  return ask(call, { verb: 'policy-apply', digest }, { patience });
}
