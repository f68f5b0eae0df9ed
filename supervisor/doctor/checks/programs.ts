import { findPrograms, missingPrograms } from '../../host/process/programs.ts';
import { bad, type Finding, good, warn } from '../finding.ts';

/** Everything that a run and the supervisor start is installed. */
export function programs(): Finding[] {
  const missing = missingPrograms();
  if (missing.length > 0) return missing.map((one) => bad(one.message, one.hint));
  const { npm } = findPrograms();
  const all = good('bubblewrap, socat, setpriv and git are installed');
  if (npm !== null) return [all];
  const message = 'npm is not installed: dependencies that are not in deps/ cannot be';
  return [all, warn(message, 'Install npm beside node, or fill deps/ beforehand.')];
}
