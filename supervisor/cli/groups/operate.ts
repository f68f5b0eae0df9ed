import type { Group } from '../verbs.ts';

export const operate: Group = {
  title: 'Run it',
  verbs: [
    {
      name: 'init',
      args: '',
      summary: 'write a commented policy and the folders for a runtime that exists',
      options: [['--from <dir>', 'the runtime (the current folder)']],
      load: () => import('../verbs/init.ts'),
    },
    {
      name: 'start',
      args: '',
      summary: 'run the supervisor, in the foreground',
      options: [],
      load: () => import('../verbs/start.ts'),
    },
    {
      name: 'launcher',
      args: '',
      summary: 'start runs for the supervisor of a host install, in the foreground',
      options: [['--socket <path>', 'where it listens (in /run/airlock)']],
      hidden: true,
      load: () => import('../verbs/launcher.ts'),
    },
    {
      name: 'status',
      args: '',
      summary: 'what needs you; then the whole picture',
      options: [
        ['--watch', 'redraw as things change'],
        ['--check', 'answer by exit code: 0 when nothing needs anyone, else 1'],
      ],
      load: () => import('../verbs/status.ts'),
    },
    {
      name: 'doctor',
      args: '',
      summary: 'check everything, in the order to mend it, each finding with its remedy',
      options: [],
      load: () => import('../verbs/doctor.ts'),
    },
    {
      name: 'acknowledge',
      args: '',
      summary: 'what was found of the journal is known: status and doctor stop telling it',
      options: [['--reason <text>', 'why, for the record']],
      load: () => import('../verbs/acknowledge.ts'),
    },
    {
      name: 'verify',
      args: '[release]',
      summary: 're-hash releases against their manifests, and without one the journal too',
      options: [],
      load: () => import('../verbs/verify.ts'),
    },
  ],
};
