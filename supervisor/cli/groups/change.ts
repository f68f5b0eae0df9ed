import type { Group } from '../verbs.ts';

const reason = ['--reason <text>', 'why, for the record'] as const;

export const change: Group = {
  title: 'Change the runtime',
  verbs: [
    {
      name: 'propose',
      args: '<path>',
      summary: 'drop a .patch, .diff, .tar.gz or folder as a proposal',
      options: [
        ['--as <agent>', 'drop it as this agent (development)'],
        ['--wait', 'follow it to its end'],
        ['--within <duration>', 'with --wait: give up after this, exit 75 (never)'],
      ],
      notes: '\nWith --wait: exit 0 stable, 3 refused or withdrawn, 4 aborted or rolled back.',
      load: () => import('../verbs/propose.ts'),
    },
    {
      name: 'withdraw',
      args: '<proposal>',
      summary: 'take a proposal back',
      options: [],
      load: () => import('../verbs/withdraw.ts'),
    },
    {
      name: 'approvals',
      args: '',
      summary: 'proposals that wait for a human',
      options: [],
      load: () => import('../verbs/approvals.ts'),
    },
    {
      name: 'approve',
      args: '<proposal>',
      summary: 'say yes to exactly what was shown',
      options: [],
      required: [['--digest <prefix>', 'first 6 or more characters, as `airlock diff` shows']],
      load: () => import('../verbs/approve.ts'),
    },
    {
      name: 'reject',
      args: '<proposal>',
      summary: 'say no',
      options: [],
      required: [reason],
      load: () => import('../verbs/reject.ts'),
    },
    {
      name: 'promote',
      args: '<proposal>',
      summary: 'skip the rest of the canary',
      options: [],
      required: [reason],
      load: () => import('../verbs/promote.ts'),
    },
    {
      name: 'abort',
      args: '',
      summary: 'abort the running deployment; while it bakes, a rollback',
      options: [reason],
      load: () => import('../verbs/abort.ts'),
    },
    {
      name: 'rollback',
      args: '',
      summary: 'go back at once, with or without the daemon',
      options: [
        ['--to <release>', 'to this one, on your word; clears its bad mark'],
        ['--keep', 'do not mark the one that is left as bad'],
        reason,
      ],
      load: () => import('../verbs/rollback.ts'),
    },
    {
      name: 'unbar',
      args: '<digest>',
      summary: 'let a bad release be started again; 6 or more characters of its digest',
      options: [],
      required: [reason],
      load: () => import('../verbs/unbar.ts'),
    },
  ],
};
