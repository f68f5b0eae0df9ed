/** A rollback where even the journal is of no use. */
import { isWhole } from '../../act/stage/whole.ts';
import { readText } from '../../host/files/files.ts';
import { flip, readCurrent } from '../../host/files/links.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure, type Reason } from '../../model/reason.ts';
import type { ReleaseId } from '../../model/release.ts';
import type { Request } from '../../model/request.ts';
import { writeRequest } from '../../store/requests.ts';
import { type Call, exits, type Result } from '../call.ts';
import { reasonText } from '../show/reason.ts';
import { mustBeComplete } from './flip.ts';

type Ask = Request & { verb: 'rollback' };

/** Flip, leave a request that says so, and say what could not be recorded. */
export function flipUnrecorded(call: Call, ask: Ask, fault: Reason): Result {
  const { layout } = call;
  const from = readCurrent(layout);
  const to = ask.to ?? beforeCurrent(layout);
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
    json: { schema: 1, ok: true, message, ...facts, unrecorded, reason: fault },
    text: () =>
      [
        message,
        `Not recorded: ${unrecorded.join('; ')}.`,
        'A request is left: once the journal is mended, the daemon records it.',
        reasonText(fault, call.paint),
      ].join('\n'),
  };
}

/**
 * Without the journal nobody knows which releases are stable; the one that `current` was made
 * from was itself current, so its manifest's parent is the best guess there is; or the parent's,
 * where that one is damaged.
 */
export function beforeCurrent(layout: Layout): ReleaseId {
  const current = readCurrent(layout);
  const parentOf = (id: ReleaseId): ReleaseId | null => {
    const text = readText(layout.manifest(id));
    return text === null ? null : parentIn(text);
  };
  const seen = new Set<ReleaseId>();
  let parent = current === null ? null : parentOf(current);
  while (parent !== null && !seen.has(parent)) {
    if (isWhole(layout, parent)) return parent;
    seen.add(parent);
    parent = parentOf(parent);
  }
  const message = 'the journal cannot be read, and current does not say what it was made from';
  const hint = 'Name the release: `airlock rollback --to RELEASE`; they are in releases/.';
  throw new Failure('no-stable-release', { message, step: 'rollback', input: current, hint });
}

function parentIn(manifest: string): string | null {
  try {
    const { parent } = JSON.parse(manifest) as { parent?: unknown };
    return typeof parent === 'string' ? parent : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
