import type { Proposal } from '../../model/proposal.ts';
import { type Call, exits, type Result } from '../call.ts';
import { reading } from '../open.ts';
import { approveVerb, waits } from '../shape/approval.ts';
import { proposalShape } from '../shape/proposal.ts';
import { block, line, uncut } from '../show/escape.ts';
import { ago } from '../show/time.ts';

/** Proposals that wait for a human: for an approval, or held. */
export function verb(call: Call): Result {
  const state = reading(call.layout, (reader) => reader.state());
  const rows = [...state.proposals.values()].filter(waits);
  const shapes = rows.map((row) => ({ ...proposalShape(row), verb: approveVerb(row) }));
  const text = () =>
    rows.length === 0
      ? 'Nothing waits for you.'
      : rows.map((row) => approvalText(row, call)).join('\n\n');
  return { exit: exits.done, json: shapes, text };
}

function approvalText(row: Proposal, { paint, now }: Call): string {
  const why = row.held
    ? `dropped by a run on a release that turned out bad (${row.onRelease ?? 'unknown'})`
    : (row.reason?.message ?? 'a rule of the policy asks for it');
  return [
    `${paint.bold(uncut(row.id))}  ${row.held ? 'held' : 'waits'} since ${ago(row.phaseAt, now())}`,
    `  why     ${line(why, 1000)}`,
    ...row.authority.map((one) => `  raises  ${line(one.message, 500)}`),
    `  read    airlock diff ${uncut(row.id)}`,
    `  yes     ${uncut(approveVerb(row))}`,
    `  no      airlock reject ${uncut(row.id)} --reason TEXT`,
    `  ${row.proposer} says:`,
    block(`${row.title}${row.why === '' ? '' : `\n${row.why}`}`, { bar: '    | ', lines: 8 }),
  ].join('\n');
}
