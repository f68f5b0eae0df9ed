import { policySchemaJson } from '../../store/policy.ts';
import { type Call, exits, type Result } from '../call.ts';

/** The JSON Schema is what it is, with --json or without. */
export function verb(_call: Call): Result {
  const schema = policySchemaJson();
  return { exit: exits.done, json: schema, text: () => JSON.stringify(schema, null, 2) };
}
