import { join } from 'node:path';
import { copyTree } from '../../host/files/copies.ts';
import type { Programs } from '../../host/process/programs.ts';
import type { Confine, ConfinedEnding } from '../../host/sandbox/confine.ts';
import type { Identity } from '../../host/sandbox/identity.ts';
import { makePlace, removePlace } from '../../host/sandbox/places.ts';
import type { Bounds } from '../../model/job.ts';
import type { Finding, GateResult } from '../../model/proposal.ts';
import { reason, reasonOf } from '../../model/reason.ts';
import { stoppable } from './stoppable.ts';
import { visible } from './visible.ts';

/** What the build gate works with. */
export interface BuildRequest {
  confine: Confine;
  programs: Programs;
  identity: Identity;
  /** The candidate's folder; never written, its files are copied. */
  release: string;
  deps: string | null;
  /** Policy `runtime.tools`, absolute; seen by the checks alone. */
  tools: string | null;
  /** Policy `runtime.build`: argv each, run in this order, all of them. */
  checks: string[][];
  /** Of all checks together, milliseconds. */
  within: number;
  /** Bytes kept of each stream, and bytes of both beyond which a check is stopped. */
  limits: { output: number; flood: number };
  bounds: Bounds;
  /** Folder for the private copy. */
  runs: string;
  /** Ends it early: what it says then counts for nothing. */
  signal?: AbortSignal;
}

/** Characters of a check's output in a finding. */
const shown = 4000;

/** The `build` gate: every check in a sandbox without network, on a private copy. Never rejects. */
export async function buildChecks(request: BuildRequest): Promise<GateResult> {
  const began = performance.now();
  const findings: Finding[] = [];
  let outcome: GateResult['outcome'] = 'pass';
  let place: string | null = null;
  try {
    place = await makePlace(request.runs);
    const copy = join(place, 'runtime');
    await copyTree(request.release, copy, request.identity);
    for (const check of request.checks) {
      // A check that did not run has not passed: what passes is remembered.
      if (request.signal?.aborted) outcome = 'error';
      if (request.signal?.aborted) break;
      const left = request.within - (performance.now() - began);
      const finding = left <= 0 ? noTime(check) : await judge(request, copy, check, left);
      if (finding === null) continue;
      findings.push(finding);
      if (finding.reason.code === 'gate-error') outcome = 'error';
      else if (outcome === 'pass') outcome = 'fail';
    }
  } catch (error) {
    outcome = 'error';
    findings.push({ subject: 'build', reason: reasonOf(error, 'gate build') });
  }
  const left = await putAway(place);
  if (left !== null) findings.push(left);
  return { name: 'build', outcome, ms: Math.round(performance.now() - began), findings };
}

/** null when the check passed. */
async function judge(
  request: BuildRequest,
  copy: string,
  check: string[],
  wall: number,
): Promise<Finding | null> {
  const { programs, identity, deps, tools, limits } = request;
  const nothing = { workspace: null, inbox: null, receipts: null, gateway: null };
  const confined = request.confine(
    {
      ...{ programs, identity, deps, tools, ...nothing },
      ...{ runtime: copy, runtimeWritable: true, environment: {}, command: check },
    },
    { kept: limits.output, flood: limits.flood, wall: Math.ceil(wall), bounds: request.bounds },
  );
  const ending = await stoppable(confined, request.signal);
  const passed = ending.setup === null && ending.stoppedBy === null && ending.exit === 0;
  return passed ? null : failed(check, ending);
}

function failed(check: string[], ending: ConfinedEnding): Finding {
  const subject = check.join(' ');
  const input = subject;
  if (ending.setup !== null) {
    const { message, expected, actual, cause } = ending.setup;
    const step = 'gate build';
    const parts = { message: `${subject}: ${message}`, step, input, expected, actual, cause };
    return { subject, reason: reason('gate-error', parts) };
  }
  const output = visible(`${ending.stdoutTail}${ending.stderrTail}`.trim(), shown);
  return {
    subject,
    reason: reason('gate-build', {
      message: `${subject}: ${how(ending)}`,
      step: 'gate build',
      input,
      expected: 'exit 0',
      actual: how(ending),
      cause: output === '' ? null : output,
    }),
  };
}

function how(ending: ConfinedEnding): string {
  if (ending.stoppedBy === 'timeout') return `stopped: not done after ${ending.durationMs} ms`;
  if (ending.stoppedBy === 'output') return `stopped: it printed more than ${ending.bytes} bytes`;
  if (ending.stoppedBy !== null) return `stopped: it took too much (${ending.stoppedBy})`;
  return ending.signal === null ? `exit ${ending.exit}` : `ended by ${ending.signal}`;
}

function noTime(check: string[]): Finding {
  const subject = check.join(' ');
  return {
    subject,
    reason: reason('gate-error', {
      message: `${subject}: not run, the time of the build gate was up`,
      step: 'gate build',
      input: subject,
      expected: 'all checks done within policy limits.build',
    }),
  };
}

/** A copy that stays behind changes no verdict, but is not silent either. */
async function putAway(place: string | null): Promise<Finding | null> {
  if (place === null) return null;
  try {
    await removePlace(place);
    return null;
  } catch (error) {
    return { subject: place, reason: reasonOf(error, 'remove the private copy') };
  }
}
