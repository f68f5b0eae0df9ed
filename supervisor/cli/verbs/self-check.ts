import { selfCheck } from '../../install/self-check.ts';
import { type Call, exits, type Result } from '../call.ts';

/** Whether this version could take over this host: what an upgrade asks before it flips. */
export function verb({ layout, place, now }: Call): Result {
  const checked = selfCheck(layout, place.policyFile, now);
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, ...checked },
    text: () => `${checked.version} could take over`,
  };
}
