import type { Group } from '../verbs.ts';

export const keep: Group = {
  title: 'Keep it',
  verbs: [
    {
      name: 'backup',
      args: '[file]',
      summary: 'policy, journal, history and releases in one archive; the daemon may run',
      options: [],
      load: () => import('../verbs/backup.ts'),
    },
    {
      name: 'restore',
      args: '<file>',
      summary: 'bring a ROOT back from a backup; no daemon may run',
      options: [['--replace', 'put what is there aside first (var/before-restore-...)']],
      load: () => import('../verbs/restore.ts'),
    },
  ],
};
