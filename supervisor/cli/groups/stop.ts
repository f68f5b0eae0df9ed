import type { Group } from '../verbs.ts';

const reason = ['--reason <text>', 'why, for the record'] as const;
const scopes = [
  ['--host', 'everything'],
  ['--tenant <tenant>', 'the agents of a tenant'],
  ['--agent <agent>', 'one agent'],
  ['--run <run>', 'one run'],
  ['--tool <tool>', 'one tool, for everybody'],
] as const;
const honoured = `
Host and agent switches are obeyed before every model call and every start of a run, tenant
switches before every start; run and tool switches are kept, and obeyed once the gateway guards
tool calls. A switch works without the daemon and survives every restart.`;

export const stop: Group = {
  title: 'Stop and go on',
  verbs: [
    {
      name: 'halt',
      args: '',
      summary: 'kill switch; works without the daemon',
      options: scopes,
      required: [reason],
      notes: honoured,
      load: () => import('../verbs/halt.ts'),
    },
    {
      name: 'resume',
      args: '',
      summary: 'lift a halt',
      options: scopes,
      load: () => import('../verbs/resume.ts'),
    },
    {
      name: 'lock',
      args: '',
      summary: 'no deployments; agents go on',
      options: [],
      required: [reason],
      load: () => import('../verbs/lock.ts'),
    },
    {
      name: 'unlock',
      args: '',
      summary: 'end the lockdown',
      options: [],
      load: () => import('../verbs/unlock.ts'),
    },
    {
      name: 'run',
      args: '<agent> [path]',
      summary: 'start one run of an agent now',
      options: [],
      load: () => import('../verbs/run.ts'),
    },
    {
      name: 'cancel',
      args: '<run>',
      summary: 'stop one run',
      options: [],
      load: () => import('../verbs/cancel.ts'),
    },
  ],
};
