/**
 * A rollback over the head of a daemon that does not answer: the link is moved here, the request
 * says so, and the daemon records it when it comes back to itself.
 */
import { join } from 'node:path';
import { isWhole } from '../../act/stage/whole.ts';
import { rollbackTargets } from '../../decide/rollback.ts';
import { writeDurable } from '../../host/files/files.ts';
import { flip, readCurrent } from '../../host/files/links.ts';
import { Failure, type Reason } from '../../model/reason.ts';
import type { Request } from '../../model/request.ts';
import { host } from '../../model/state.ts';
import { type Call, exits, type Result } from '../call.ts';
import { reading } from '../open.ts';
import { reasonText } from '../show/reason.ts';
import { mustBeComplete, mustBeOurs } from './flip.ts';
import { beforeCurrent, type Target as Unrecorded } from './unrecorded.ts';

type Ask = Request & { verb: 'rollback' };

/** `id`: of the request that nobody answered; it is told what was done. */
export function rollbackOverHead(call: Call, ask: Ask, id: string): Result {
  const { layout } = call;
  const from = readCurrent(layout);
  const { to, unknown, fault } = target(call, ask, from);
  mustBeComplete(layout, to);
  mustBeOurs(layout.root, 'no-answer');
  // Told first: a daemon that comes back in between comes to the same link by itself.
  const told: Ask = { ...ask, flipped: { from, to } };
  writeDurable(join(layout.control, `${id}.json`), `${JSON.stringify(told)}\n`, 0o644);
  flip(layout, to, null);
  const message = `the daemon did not answer within 2 s: current is ${to} all the same`;
  const more =
    'The daemon records it, and stops what still runs on the other, when it looks again.';
  const facts = { from, to, bad: !ask.keep, daemon: 'silent', request: id };
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, message, ...facts, unknown, reason: fault },
    text: () =>
      [
        ...[message, more, '`airlock doctor` says why it may be silent.'],
        ...(unknown.length === 0 ? [] : [`Not known: ${unknown.join('; ')}.`]),
        ...(fault === null ? [] : [reasonText(fault, call.paint)]),
      ].join('\n'),
  };
}

/** `fault`: why the journal could not be asked, so that `unknown` is not known. */
type Target = Unrecorded & { fault: Reason | null };

function target(call: Call, ask: Ask, from: string | null): Target {
  try {
    const to = ask.to ?? fromJournal(call, from);
    return { to, unknown: [], fault: null };
  } catch (error) {
    // It may be damaged, gone, or what it is on: the files tell enough.
    if (!(error instanceof Failure) || error.reason.code === 'no-stable-release') throw error;
    return { ...beforeCurrent(call.layout), fault: error.reason };
  }
}

function fromJournal(call: Call, from: string | null): string {
  const to = reading(call.layout, (reader) => {
    const state = reader.state();
    // Judged from where the link is, not from where the daemon last knew it.
    const moved = { ...host(state), current: from };
    const all = rollbackTargets({ ...state, host: new Map([['host', moved]]) });
    return all.find((id) => isWhole(call.layout, id)) ?? null;
  });
  if (to !== null) return to;
  const message = 'no stable release is left to go back to';
  const hint = 'Name one with --to, or `airlock halt --host --reason TEXT`.';
  throw new Failure('no-stable-release', { message, step: 'rollback', hint });
}
