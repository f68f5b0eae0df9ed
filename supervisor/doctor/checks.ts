import { agents } from './checks/agents.ts';
import { cgroups } from './checks/cgroups.ts';
import { current } from './checks/current.ts';
import { daemon } from './checks/daemon.ts';
import { dependencies } from './checks/dependencies.ts';
import { disk } from './checks/disk.ts';
import { folders } from './checks/folders.ts';
import { history } from './checks/history.ts';
import { inboxes } from './checks/inboxes.ts';
import { journal } from './checks/journal.ts';
import { models } from './checks/models.ts';
import { node } from './checks/node.ts';
import { path } from './checks/path.ts';
import { policy } from './checks/policy.ts';
import { programs } from './checks/programs.ts';
import { proposals } from './checks/proposals.ts';
import { retries } from './checks/retries.ts';
import { sandbox } from './checks/sandbox.ts';
import { stable } from './checks/stable.ts';
import { switches } from './checks/switches.ts';
import type { Finding } from './finding.ts';
import type { Ground } from './ground.ts';

/** One thing that can be wrong, and how to see it. It never changes what it looks at. */
export interface Check {
  name: string;
  /** `start`: there is nothing to look at before the first start. */
  needs: 'nothing' | 'start';
  look: (ground: Ground) => Finding[] | Promise<Finding[]>;
}

/** In the order to mend: what others stand on comes first. */
export const checks: readonly Check[] = [
  { name: 'node', needs: 'nothing', look: node },
  { name: 'programs', needs: 'nothing', look: programs },
  { name: 'sandbox', needs: 'nothing', look: sandbox },
  { name: 'policy', needs: 'nothing', look: policy },
  { name: 'folders', needs: 'nothing', look: folders },
  { name: 'path', needs: 'start', look: path },
  { name: 'disk', needs: 'nothing', look: disk },
  { name: 'journal', needs: 'start', look: journal },
  { name: 'daemon', needs: 'start', look: daemon },
  { name: 'switches', needs: 'start', look: switches },
  { name: 'current', needs: 'start', look: current },
  { name: 'stable', needs: 'start', look: stable },
  { name: 'dependencies', needs: 'start', look: dependencies },
  { name: 'history', needs: 'start', look: history },
  { name: 'models', needs: 'nothing', look: models },
  { name: 'agents', needs: 'start', look: agents },
  { name: 'proposals', needs: 'start', look: proposals },
  { name: 'inboxes', needs: 'start', look: inboxes },
  { name: 'retries', needs: 'start', look: retries },
  { name: 'cgroups', needs: 'nothing', look: cgroups },
];
