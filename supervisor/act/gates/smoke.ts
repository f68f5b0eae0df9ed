import { type Reason, reason } from '../../model/reason.ts';
import type { Rehearsal } from '../../model/scenario.ts';
import type { SmokeFacts } from '../../model/step.ts';
import { type RehearsalRoom, type Rehearsed, rehearse, type Suite } from './rehearse.ts';

/** What the smoke gate works with. */
export interface SmokeRequest {
  candidate: Rehearsed;
  /** null for a host's first release. */
  current: Rehearsed | null;
  /** The supervisor's own. */
  suite: Suite;
  suiteDigest: string;
  /** Digest of the suite that `current` passed not long ago; null: it must show it again. */
  proven: string | null;
  /** What the candidate brings; it never counts for the self-proof. */
  own: Suite | null;
  /** Scenarios that could not be read. */
  faults: Reason[];
  room: RehearsalRoom;
}

/**
 * Rehearse the suite on `current`, which must pass, on a release that does nothing, which must
 * fail, and on the candidate. Facts only; never rejects but for a fault of the host's disk.
 */
export async function smoke(request: SmokeRequest): Promise<SmokeFacts> {
  const began = performance.now();
  const { candidate, current, suite, own, room } = request;
  const onCurrent = current === null ? null : await shown(current, request);
  const broken = await rehearseBroken(current ?? candidate, suite, room);
  const onCandidate = await rehearse(candidate, suite, room);
  if (own !== null) onCandidate.push(...(await rehearse(candidate, own, room)));
  return {
    ms: Math.round(performance.now() - began),
    suite: request.suiteDigest,
    candidate: onCandidate,
    current: onCurrent,
    broken,
    faults: [
      ...request.faults,
      ...(suite.scenarios.length === 0 ? [noScenarios()] : []),
      // What the candidate did not get to run is judged with the rest of it: it may have hung.
      ...notRun([...(onCurrent === 'proven' ? [] : (onCurrent ?? [])), ...broken]),
    ],
  };
}

/** The suite on `current`, unless it passed this very suite not long ago. */
async function shown(current: Rehearsed, request: SmokeRequest): Promise<Rehearsal[] | 'proven'> {
  if (request.proven === request.suiteDigest) return 'proven';
  return rehearse(current, request.suite, request.room);
}

/**
 * The built-in broken release: like another, but what starts a run ends at once with exit 0. That
 * is what a weak suite would miss.
 */
export function rehearseBroken(
  like: Rehearsed,
  suite: Suite,
  room: RehearsalRoom,
): Promise<Rehearsal[]> {
  return rehearse({ ...like, entry: ['true'] }, suite, room);
}

function notRun(rehearsals: Rehearsal[]): Reason[] {
  return rehearsals.flatMap(({ ending }) =>
    ending.hostFault?.code === 'gate-error' ? [ending.hostFault] : [],
  );
}

function noScenarios(): Reason {
  return reason('gate-error', {
    message: 'the smoke suite has no scenario: nothing was shown',
    step: 'gate smoke',
    expected: 'at least one scenario in policy smoke.suite',
    actual: 'none',
  });
}
