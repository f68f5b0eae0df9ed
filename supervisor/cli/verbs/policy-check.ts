import { numbered } from '../../model/numbered.ts';
import { loadPolicy } from '../../store/policy.ts';
import { type Call, exits, type Result } from '../call.ts';
import { faultsText, fileOf } from '../policy.ts';
import { line } from '../show/escape.ts';

/** All faults at once; nothing is put in force. */
export function verb(call: Call): Result {
  const file = fileOf(call, 'policy check');
  const { policy, faults } = loadPolicy(file);
  const good = () =>
    `${line(file)} is valid (${policy?.digest.slice(0, 12)}); a daemon tries it at its next tick.`;
  const count = numbered(faults.length, 'fault');
  const bad = () => `${line(file)}: ${count}\n\n${faultsText(faults, call.paint)}`;
  return {
    exit: policy === null ? exits.failed : exits.done,
    json: { schema: 1, ok: policy !== null, file, digest: policy?.digest ?? null, faults },
    text: policy === null ? bad : good,
    fault: () => `the policy is not valid: ${count}`,
  };
}
