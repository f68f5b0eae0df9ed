import { reasonOf } from '../model/reason.ts';
import { type Check, checks } from './checks.ts';
import { blind, type Finding, hidden, isUnseen, warn } from './finding.ts';
import type { Ground } from './ground.ts';

export interface Examination {
  /** No finding is an error. */
  ok: boolean;
  /** In the order to mend them. */
  findings: ({ check: string } & Finding)[];
  /** Checks that wait for the first start. */
  waiting: string[];
  /** Checks that whoever asks may not look at, or not at everything. */
  unseen: string[];
}

/** Look at everything, change nothing. One check after another, in the order to mend. */
export async function examine(ground: Ground, list = checks): Promise<Examination> {
  const waiting = list.filter((one) => ground.blank && one.needs === 'start');
  const findings: Examination['findings'] = [];
  for (const check of list) {
    if (waiting.includes(check)) continue;
    for (const finding of await look(check, ground))
      findings.push({ check: check.name, ...finding });
  }
  const ok = findings.every((one) => one.ok || one.severity !== 'error');
  const hidden = new Set(findings.filter(isUnseen).map((one) => one.check));
  return { ok, findings, waiting: waiting.map((one) => one.name), unseen: [...hidden] };
}

async function look(check: Check, ground: Ground): Promise<Finding[]> {
  try {
    return await check.look(ground);
  } catch (error) {
    const closed = hidden(error, ground);
    if (closed !== null) return [closed];
    const because = reasonOf(error, `doctor ${check.name}`);
    // One thing is to be mended then, and it has a check of its own.
    if (because.code === 'journal-damaged' && check.name !== 'journal') {
      return [
        warn('could not look: the journal is damaged', 'First mend what the check `journal` says.'),
      ];
    }
    return [blind(because)];
  }
}
