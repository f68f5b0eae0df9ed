import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Phase } from '../../../supervisor/model/proposal.ts';
import type { Journal } from '../../../supervisor/store/journal.ts';

/** Drops that lie ready in their inboxes under dot-names: one rename each makes them drops. */
export interface Flood {
  inboxes: string[];
  /** Of all inboxes together. */
  count: number;
}

/** What a flooded host lives by; `tick`: the sweep finds drops that no event told. */
export const floodPolicy = (tick: string) => (source: string) =>
  `
runtime: {source: ${source}, include: [kernel, app, config], entry: [node, kernel/main.mjs]}
tick: "${tick}"
permissions: [{paths: [app/**], approval: none}]
smoke: {suite: ${source}/smoke}
models: {cheap: [{provider: rehearsal}]}
limits: {drain: 1s, jitter: 0s}
`;

export const newFile = (name: string) =>
  `Subject: ${name}\n---\ndiff --git a/app/${name} b/app/${name}\nnew file mode 100644\n` +
  `--- /dev/null\n+++ b/app/${name}\n@@ -0,0 +1 @@\n+${name}\n`;

export function stageMany({ inboxes, count }: Flood): void {
  for (const inbox of inboxes) mkdirSync(inbox, { recursive: true });
  for (let at = 0; at < count; at++) {
    writeFileSync(join(inboxes[at % inboxes.length] ?? '', `.d${at}.patch`), newFile(`d${at}`));
  }
}

/** How many events the kernel keeps for who is not listening; what comes then is told to nobody. */
const eventsKept = () => Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));

/**
 * Arguments of a node that drops them all, as fast as it can, in the order of their numbers.
 * `untold`: after more renames of a dot-file than the kernel can tell of.
 */
export function dropMany(flood: Flood, { untold = false } = {}): string[] {
  // Two events each.
  const renames = untold ? eventsKept() / 2 + 1000 : 0;
  const program = `
    const { renameSync, writeFileSync } = require('node:fs');
    const { inboxes, count } = ${JSON.stringify(flood)};
    const [odd, even] = ['/.odd', '/.even'].map((name) => inboxes[0] + name);
    if (${renames} > 0) writeFileSync(odd, '');
    for (let at = 0; at < ${renames}; at += 2) {
      renameSync(odd, even);
      renameSync(even, odd);
    }
    for (let at = 0; at < count; at++) {
      const inbox = inboxes[at % inboxes.length];
      renameSync(inbox + '/.d' + at + '.patch', inbox + '/d' + at + '.patch');
    }`;
  return ['-e', program];
}

/** What the journal holds of each proposal, by id, as it is committed. */
export class Committed {
  readonly proposals = new Map<string, { drop: string; phase: Phase; at: number }>();

  /** A journal that tells of what it has committed. */
  readonly around = (journal: Journal): Journal => ({
    ...journal,
    commit: (entries, puts) => {
      journal.commit(entries, puts);
      for (const put of puts) {
        if (put.table !== 'proposals' || put.value === null) continue;
        const { drop, phase } = put.value;
        const at = this.proposals.get(put.id)?.at ?? performance.now();
        this.proposals.set(put.id, { drop, phase, at });
      }
    },
  });
}
