import { listFolder } from '../../host/files/files.ts';
import { type Call, exits, limit, type Result } from '../call.ts';
import { uncut } from '../show/escape.ts';

/** Folders in `var/incidents`, newest first: their ids sort by time. */
export function verb(call: Call): Result {
  const ids = listFolder(call.layout.incidents)
    .filter((name) => !name.startsWith('.'))
    .reverse()
    .slice(0, limit(call));
  const rows = ids.map((id) => ({ id }));
  const text = () => (ids.length === 0 ? 'No incidents.' : ids.map((id) => uncut(id)).join('\n'));
  return { exit: exits.done, json: rows, text };
}
