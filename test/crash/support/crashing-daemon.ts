import { appendFileSync, readdirSync } from 'node:fs';
import { openLog } from '../../../supervisor/host/log.ts';
import { startSupervisor } from '../../../supervisor/main.ts';
import type { Entry } from '../../../supervisor/model/entry.ts';
import { layout } from '../../../supervisor/model/layout.ts';
import { terminal } from '../../../supervisor/model/proposal.ts';
import { host } from '../../../supervisor/model/state.ts';

/*
 * The real daemon, with a journal that kills this process with SIGKILL at the n-th commit of a
 * label: before it is written (the effect was done, its outcome is lost) or after (the intent is on
 * record, the effect never began). Arguments: root, policy, label, n, side, file that tells commits.
 * Without a kill it ends by itself, with exit 0, when nothing is on its way any more.
 */
const [root = '', policyFile = '', label = '', nth = '0', side = 'none', tell = ''] =
  process.argv.slice(2);
let met = 0;
/** `any <kind>`: whatever else is in the commit. */
const isAny = label.startsWith('any ');
const kindOnly = label.slice('any '.length);

const kind = (entry: Entry): string => {
  if (entry.type === 'mark') return `mark ${entry.mark.mark}`;
  return `${entry.type} ${entry.step.do}`;
};

const die = () => process.kill(process.pid, 'SIGKILL');

const supervisor = await startSupervisor({
  root,
  policyFile,
  log: openLog({ human: false, write: (line) => void process.stderr.write(line) }),
  aroundJournal: (journal) => ({
    ...journal,
    commit(entries, puts) {
      if (entries.length + puts.length === 0) return;
      // Ticks fall where they like: they are no part of a commit's label.
      const own = entries
        .map(kind)
        .filter((one) => one !== 'mark tick')
        .join(',');
      if (own !== '') appendFileSync(tell, `${own}\n`);
      const hit = isAny ? own.split(',').includes(kindOnly) : own === label;
      if (hit) met++;
      const now = hit && met === Number(nth);
      if (now && side === 'before') die();
      journal.commit(entries, puts);
      if (now && side === 'after') die();
    },
  }),
});
await supervisor.ready;

/** Nothing on its way: no drop, no deployment, every proposal ended and told, nothing pending. */
const quiet = () => {
  const { loop } = supervisor.live;
  const open = [...loop.state.proposals.values()].filter((one) => !terminal.has(one.phase));
  const { current } = host(loop.state);
  const busy = loop.state.deployment.size + loop.state.receipts.size + loop.state.pending.size;
  const drops = readdirSync(layout(root).inbox('cleo')).length;
  return (
    current !== null && drops === 0 && open.length === 0 && busy === 0 && loop.state.runs.size === 0
  );
};

const look = setInterval(async () => {
  if (!quiet()) return;
  clearInterval(look);
  await supervisor.stop('quiet');
  process.exit(0);
}, 20);
