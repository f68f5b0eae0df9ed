import type { Log } from '../host/log.ts';

/** What the eyes cannot read is said once, and once more when it can be read again. */
export function unreadTeller(log: Log): (faults: ReadonlyMap<string, string>) => void {
  let known: ReadonlyMap<string, string> = new Map();
  return (faults) => {
    for (const [path, cause] of faults) {
      if (known.get(path) !== cause) log.warn('cannot be read', { path, cause });
    }
    for (const path of known.keys()) {
      if (!faults.has(path)) log.info('can be read again', { path });
    }
    known = new Map(faults);
  };
}
