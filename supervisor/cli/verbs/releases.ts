import { type Call, exits, limit, type Result } from '../call.ts';
import { releasesTable } from '../lists.ts';
import { reading } from '../open.ts';
import { releaseShape } from '../shape/release.ts';

export function verb(call: Call): Result {
  const asked = { limit: limit(call) };
  const rows = reading(call.layout, (reader) => {
    const state = reader.state();
    return reader.releases(asked).map((row) => releaseShape(row, state));
  });
  const text = () => releasesTable(rows, call.paint, call.now());
  return { exit: exits.done, json: rows, text };
}
