/** The policy file: read whole, judged whole, all faults at once. */
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { followed } from '../host/files/records.ts';
import { type Policy, type PolicyInForce, policySchema } from '../model/policy.ts';
import { type Reason, reason } from '../model/reason.ts';
import { hintFor } from './hints.ts';
import { partsOf, policyFaults } from './policy-faults.ts';
import { type FileFault, readYaml } from './yaml-file.ts';

const mostBytes = 1024 * 1024;

/** A valid policy with the bytes that it was read from. */
export interface ReadPolicy {
  policy: PolicyInForce;
  content: Buffer;
}

/** `unreadable`: it may well be valid; the system did not let us read it, with this cause. */
export type LoadedPolicy =
  | (ReadPolicy & { faults: [] })
  | { policy: null; faults: Reason[]; unreadable?: string };

/**
 * Load a policy, or say everything that is wrong with it: `policy-missing`, `policy-invalid`.
 * `text`: the file with its text, where that is another than the policy's own.
 */
export function loadPolicy(path: string, text: string = path): LoadedPolicy {
  const place = resolve(path);
  const file = resolve(text);
  // The operator's own file may be a link; relative paths start where the link is.
  const read = readYaml(followed(file), policySchema, mostBytes);
  if (read.kind === 'unread') {
    const { why } = read;
    const faults = [unread(file, why)];
    return { policy: null, faults, ...(why.kind === 'unreadable' && { unreadable: why.cause }) };
  }
  const form = read.kind === 'faulty' ? read.faults : [];
  const parts = read.kind === 'faulty' ? partsOf(read.found) : read.value;
  const faults = [
    ...form.map((one) => reasonOf(file, one, hintFor(policySchema, one))),
    ...policyFaults(parts).map((one) => {
      return reasonOf(file, { ...one, line: read.lineOf(one.keys) }, one.hint);
    }),
  ];
  if (faults.length > 0 || read.kind === 'faulty') return { policy: null, faults };
  const { value, content } = read;
  return { policy: inForce(place, value, content), content, faults: [] };
}

function inForce(file: string, policy: Policy, content: Buffer): PolicyInForce {
  const digest = createHash('sha256').update(content).digest('hex');
  return { policy, folder: dirname(file), file, digest };
}

/** Where a path that the policy names leads: relative ones start at the policy file's folder. */
export function policyPath({ folder }: PolicyInForce, path: string): string {
  return resolve(folder, path);
}

/** JSON Schema of the policy file, as it is written. */
export function policySchemaJson(): object {
  return z.toJSONSchema(policySchema, { io: 'input', unrepresentable: 'any' });
}

function reasonOf(file: string, fault: FileFault, hint: string): Reason {
  const input = fault.line > 0 ? `${file}:${fault.line}` : file;
  const { message, expected, actual } = fault;
  return reason('policy-invalid', { message, step: 'policy', input, expected, actual, hint });
}

type Why = Extract<ReturnType<typeof readYaml>, { kind: 'unread' }>['why'];

function unread(file: string, why: Why): Reason {
  const at = { step: 'policy', input: file };
  switch (why.kind) {
    case 'absent':
      return reason('policy-missing', { ...at, message: 'there is no policy file' });
    case 'strange': {
      const parts = { expected: 'a regular file', actual: why.what };
      const message = `the policy file is ${why.what}`;
      const hint = 'Name the file itself: --policy PATH.';
      return reason('policy-invalid', { ...at, ...parts, message, hint });
    }
    case 'too-big': {
      const parts = { expected: `at most ${mostBytes} bytes`, actual: `${why.size} bytes` };
      const hint = 'Shorten it; comments and lists count too.';
      return reason('policy-invalid', { ...at, ...parts, message: 'it is too big', hint });
    }
    case 'unreadable': {
      const parts = { actual: why.cause, hint: `Let the supervisor read ${file}.` };
      const message = `the policy file cannot be read (${why.cause})`;
      return reason('policy-invalid', { ...at, ...parts, message });
    }
  }
}
