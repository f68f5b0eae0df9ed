import type { Group } from '../verbs.ts';

const prefix = [
  '--prefix <dir>',
  'a folder that stands for /; touches no users and no systemd',
] as const;
const dry = ['--dry-run', 'say what would be done, and do nothing'] as const;

export const keep: Group = {
  title: 'Install and keep it',
  verbs: [
    {
      name: 'install',
      args: '',
      summary: 'put this package on the host: program, services, users, policy',
      options: [
        ['--from <dir>', 'a runtime that exists (else the reference runtime that comes along)'],
        ['--no-start', 'do not start the services'],
        prefix,
        dry,
      ],
      load: () => import('../verbs/install.ts'),
    },
    {
      name: 'upgrade',
      args: '<package>',
      summary: 'another version, tried first; back by itself if it does not come up',
      options: [['--within <duration>', 'until it must be ready and beat a tick (5m)']],
      load: () => import('../verbs/upgrade.ts'),
    },
    {
      name: 'self-check',
      args: '',
      summary: 'whether this version could take over this host',
      hidden: true,
      options: [],
      load: () => import('../verbs/self-check.ts'),
    },
    {
      name: 'take-over',
      args: '',
      summary: 'make this version the program of this host',
      hidden: true,
      options: [],
      load: () => import('../verbs/take-over.ts'),
    },
    {
      name: 'uninstall',
      args: '',
      summary: 'take it off the host again; policy and state stay',
      options: [['--purge', 'policy, state and users go too'], prefix, dry],
      load: () => import('../verbs/uninstall.ts'),
    },
    {
      name: 'agent-user',
      args: '<owner>',
      summary: 'make the user of an agent: AGENT, or INSTANCE.AGENT',
      hidden: true,
      options: [],
      load: () => import('../verbs/agent-user.ts'),
    },
    {
      name: 'step-back',
      args: '',
      summary: 'after an upgrade was taken back: the journal as it was before',
      hidden: true,
      options: [],
      load: () => import('../verbs/step-back.ts'),
    },
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
