import { type Call, exits, limit, type Result } from '../call.ts';
import { proposalsTable } from '../lists.ts';
import { reading } from '../open.ts';
import { proposalShape } from '../shape/proposal.ts';

export function verb(call: Call): Result {
  const asked = { limit: limit(call) };
  const rows = reading(call.layout, (reader) => reader.proposals(asked)).map(proposalShape);
  const text = () => proposalsTable(rows, call);
  return { exit: exits.done, json: rows, text };
}
