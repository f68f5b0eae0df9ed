import { instant } from '../../model/duration.ts';
import type { Entry } from '../../model/entry.ts';
import type { LogLine } from '../../store/reader.ts';
import { type Call, exits, limit, type Result } from '../call.ts';
import { reading } from '../open.ts';
import { line, uncut } from '../show/escape.ts';
import { table } from '../show/table.ts';

/** The journal, newest first; of one proposal, release or run if one is named. */
export function verb(call: Call): Result {
  const [subject] = call.args;
  const asked = { limit: limit(call), ...(subject === undefined ? {} : { subject }) };
  const rows = reading(call.layout, (reader) => reader.log(asked));
  const shape = ({ seq, entry, subject: about }: LogLine) => {
    const { at, ...rest } = entry;
    return { seq, at: instant(at), subject: about, ...rest };
  };
  return { exit: exits.done, json: rows.map(shape), text: () => logTable(rows) };
}

function logTable(rows: readonly LogLine[]): string {
  if (rows.length === 0) return 'Nothing is on record.';
  return table(rows, [
    { head: 'SEQ', cell: (row) => `${row.seq}`, right: true },
    { head: 'AT', cell: (row) => instant(row.entry.at).replace('T', ' ').replace('Z', '') },
    { head: 'WHAT', cell: (row) => what(row.entry) },
    { head: 'ABOUT', cell: (row) => uncut(row.subject ?? '') },
    { head: 'SAYS', cell: (row) => line(says(row.entry), 120) },
  ]);
}

function what(entry: Entry): string {
  if (entry.type === 'mark') return entry.mark.mark;
  return `${entry.step.do} ${entry.type === 'intent' ? '...' : entry.outcome.of}`;
}

/** What an entry has to say beside its subject, in a few words. */
function says(entry: Entry): string {
  if (entry.type === 'intent') return '';
  if (entry.type === 'outcome') return outcomeSays(entry.outcome);
  const { mark, ...rest } = entry.mark;
  if ('reason' in rest && rest.reason !== null) {
    return typeof rest.reason === 'string' ? rest.reason : rest.reason.message;
  }
  if (mark === 'current-moved' && 'was' in rest) {
    const { by, was, back } = rest;
    const kept = back === undefined ? '' : `, back to ${back.to}: ${back.because}`;
    return `by ${by}, from ${was}${kept}`;
  }
  if (mark === 'gate' && 'gate' in rest) return `${rest.gate.name}: ${rest.gate.outcome}`;
  if (mark === 'answered' && 'verb' in rest) {
    return `${rest.verb} by ${rest.by}: ${rest.answer.message}`;
  }
  if (mark === 'policy' && 'from' in rest && 'why' in rest) return `${rest.why}, by ${rest.by}`;
  return 'by' in rest ? `by ${rest.by}` : '';
}

function outcomeSays(outcome: (Entry & { type: 'outcome' })['outcome']): string {
  if (outcome.of === 'failed') return outcome.reason.message;
  if (outcome.of === 'unsealed' || outcome.of === 'unstaged' || outcome.of === 'no-deps') {
    return outcome.reasons[0]?.message ?? '';
  }
  if (outcome.of === 'ended') return `exit ${outcome.ending.exit ?? outcome.ending.signal}`;
  return outcome.of === 'built' ? outcome.gate.outcome : '';
}
