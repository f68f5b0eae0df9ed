import { type Call, exits, limit, text as option, type Result } from '../call.ts';
import { runsTable } from '../lists.ts';
import { reading } from '../open.ts';
import { runShape } from '../shape/run.ts';

export function verb(call: Call): Result {
  const agent = option(call, 'agent');
  const asked = { limit: limit(call), ...(agent === null ? {} : { agent }) };
  const rows = reading(call.layout, (reader) => reader.runs(asked)).map(runShape);
  const text = () => runsTable(rows, call.paint, call.now());
  return { exit: exits.done, json: rows, text };
}
