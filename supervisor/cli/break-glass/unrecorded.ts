/** A rollback where even the journal is of no use. */
import { isWhole } from '../../act/stage/whole.ts';
import { flip, readCurrent } from '../../host/files/links.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure, type Reason } from '../../model/reason.ts';
import type { Manifest, ReleaseId } from '../../model/release.ts';
import type { Request } from '../../model/request.ts';
import { lookAround } from '../../store/rebuild/found.ts';
import { judgeReleases } from '../../store/rebuild/releases.ts';
import { remembered } from '../../store/remembered.ts';
import { writeRequest } from '../../store/requests.ts';
import { type Call, exits, type Result } from '../call.ts';
import { reasonText } from '../show/reason.ts';
import { mustBeComplete } from './flip.ts';

type Ask = Request & { verb: 'rollback' };

/** Flip, leave a request that says so, and say what could not be recorded. */
export function flipUnrecorded(call: Call, ask: Ask, fault: Reason): Result {
  const { layout } = call;
  const from = readCurrent(layout);
  const { to, unknown } = ask.to === null ? beforeCurrent(layout) : named(ask.to);
  mustBeComplete(layout, to);
  flip(layout, to, null);
  const request = writeRequest(layout, { ...ask, flipped: { from, to } }, call.now());
  const message = `current is ${to}; the journal could not be written`;
  const unrecorded = [
    `that ${from ?? 'nothing'} was left for ${to}`,
    ...(ask.keep ? [] : [`that ${from ?? 'nothing'} is bad`]),
  ];
  const facts = { from, to, bad: !ask.keep, daemon: false, request };
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, message, ...facts, unknown, unrecorded, reason: fault },
    text: () =>
      [
        message,
        `Not known: ${unknown.join('; ')}.`,
        `Not recorded: ${unrecorded.join('; ')}.`,
        'A request is left: the daemon records it when it starts, and mends the journal.',
        reasonText(fault, call.paint),
      ].join('\n'),
  };
}

/** Where to go without the journal, and what of it nobody can know. */
export interface Target {
  to: ReleaseId;
  unknown: string[];
}

const named = (to: ReleaseId): Target => ({ to, unknown: [`whether ${to} is barred`] });

/**
 * Without the journal only files tell: the newest whole release that its receipt calls stable, of
 * those that no receipt calls bad; else what `current` was made from, which was current itself.
 * A release that is merely complete may be one that never passed its gates.
 */
export function beforeCurrent(layout: Layout): Target {
  const current = readCurrent(layout);
  const found = lookAround(layout);
  const { releases, bad } = judgeReleases(found, current, null);
  const known = remembered(layout)?.bad ?? [];
  const barred = new Set([...bad, ...known].map((one) => one.digest));
  const here = found.releases.get(current ?? '')?.digest;
  const may = releases.filter((one) => !barred.has(one.digest) && one.digest !== here);
  const stable = may.filter((one) => one.stableAt !== null).toReversed();
  const ancestors = parents(found.releases, current);
  const before = ancestors.flatMap((id) => may.find((one) => one.id === id) ?? []);
  const to = [...stable, ...before].find((one) => isWhole(layout, one.id))?.id;
  if (to === undefined) throw nowhere(current);
  const unknown = [
    `whether an operator barred ${to} after it was stable`,
    'whether a newer one was stable whose receipt is gone',
    'whether a deployment was under way',
  ];
  return { to, unknown };
}

function nowhere(input: string | null): Failure {
  const message = 'the journal cannot be read, and no file tells of a release to go back to';
  const hint = 'Name the release: `airlock rollback --to RELEASE`; they are in releases/.';
  return new Failure('no-stable-release', { message, step: 'rollback', input, hint });
}

/** What a release was made from, and that one, and so on. */
function parents(releases: ReadonlyMap<ReleaseId, Manifest>, from: string | null): ReleaseId[] {
  const seen = new Set<ReleaseId>();
  let at = from === null ? null : (releases.get(from)?.parent ?? null);
  while (at !== null && !seen.has(at)) {
    seen.add(at);
    at = releases.get(at)?.parent ?? null;
  }
  return [...seen];
}
