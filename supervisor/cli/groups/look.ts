import type { Group } from '../verbs.ts';

const limit = ['--limit <n>', 'how many, newest first (20)'] as const;

export const look: Group = {
  title: 'Look',
  verbs: [
    {
      name: 'proposals',
      args: '',
      summary: 'newest first',
      options: [limit],
      load: () => import('../verbs/proposals.ts'),
    },
    {
      name: 'releases',
      args: '',
      summary: 'newest first',
      options: [limit],
      load: () => import('../verbs/releases.ts'),
    },
    {
      name: 'runs',
      args: '',
      summary: 'newest first',
      options: [limit, ['--agent <agent>', 'of one agent']],
      load: () => import('../verbs/runs.ts'),
    },
    {
      name: 'incidents',
      args: '',
      summary: 'newest first',
      options: [limit],
      load: () => import('../verbs/incidents.ts'),
    },
    {
      name: 'show',
      args: '<id>',
      summary: 'a proposal, release, run or incident, whole',
      options: [],
      load: () => import('../verbs/show.ts'),
    },
    {
      name: 'diff',
      args: '<id> [id2]',
      summary: 'what a release or proposal changes: authority first',
      options: [],
      load: () => import('../verbs/diff.ts'),
    },
    {
      name: 'trace',
      args: '<run>',
      summary: 'what a run saw and did',
      options: [],
      load: () => import('../verbs/trace.ts'),
    },
    {
      name: 'log',
      args: '[id]',
      summary: 'the journal, newest first',
      options: [limit],
      load: () => import('../verbs/log.ts'),
    },
  ],
};
