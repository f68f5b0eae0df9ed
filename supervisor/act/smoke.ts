import { posix } from 'node:path';
import { deriveTree } from '../host/copies.ts';
import { kindOf } from '../host/files.ts';
import { makePlace, removePlace } from '../host/places.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { Rehearsal } from '../model/scenario.ts';
import type { SmokeFacts } from '../model/step.ts';
import { type RehearsalRoom, type Rehearsed, rehearse, type Suite } from './rehearse.ts';

/** What the smoke gate works with. */
export interface SmokeRequest {
  candidate: Rehearsed;
  /** null for a host's first release. */
  current: Rehearsed | null;
  /** The supervisor's own. */
  suite: Suite;
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
  const onCurrent = current === null ? null : await rehearse(current, suite, room);
  const broken = await rehearseBroken(current ?? candidate, suite, room);
  const onCandidate = await rehearse(candidate, suite, room);
  if (own !== null) onCandidate.push(...(await rehearse(candidate, own, room)));
  return {
    ms: Math.round(performance.now() - began),
    candidate: onCandidate,
    current: onCurrent,
    broken,
    faults: [
      ...request.faults,
      ...(suite.scenarios.length === 0 ? [noScenarios()] : []),
      ...notRun([...(onCurrent ?? []), ...broken, ...onCandidate]),
    ],
  };
}

/**
 * The built-in broken release: like another, but its program ends at once with exit 0. That is
 * what a weak suite would miss.
 */
export async function rehearseBroken(
  like: Rehearsed,
  suite: Suite,
  room: RehearsalRoom,
): Promise<Rehearsal[]> {
  const at = like.entry.findLastIndex((word) => isFileOf(like.folder, word));
  const file = like.entry[at];
  // The program is no file of the release: put one in its place that does nothing.
  if (file === undefined) return rehearse({ ...like, entry: ['true'] }, suite, room);
  const place = await makePlace(room.runs);
  try {
    const folder = posix.join(place, 'releases');
    await deriveTree(like.folder, folder, file, at === 0 ? '#!/bin/sh\n' : '');
    return await rehearse({ ...like, folder }, suite, room);
  } finally {
    await removePlace(place);
  }
}

function isFileOf(folder: string, word: string): boolean {
  const path = posix.normalize(word);
  if (posix.isAbsolute(path) || path.split('/')[0] === '..') return false;
  return kindOf(posix.join(folder, path)) === 'file';
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
