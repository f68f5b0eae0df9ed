import type { Verb } from './call.ts';

/** One verb as the parser and the help know it; its code is loaded only when it is called. */
export interface VerbEntry {
  /** `policy check` is `check` under `policy`. */
  name: string;
  args: string;
  summary: string;
  options: readonly (readonly [flags: string, description: string])[];
  /** Options that must be given. */
  required?: readonly (readonly [flags: string, description: string])[];
  notes?: string;
  load: () => Promise<{ verb: Verb }>;
}

const limit = ['--limit <n>', 'how many, newest first (20)'] as const;
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

/** Every verb, by purpose: the whole command on one screen. */
export const groups: readonly { title: string; verbs: readonly VerbEntry[] }[] = [
  {
    title: 'Run it',
    verbs: [
      {
        name: 'init',
        args: '',
        summary: 'write a commented policy and the folders for a runtime that exists',
        options: [['--from <dir>', 'the runtime (the current folder)']],
        load: () => import('./verbs/init.ts'),
      },
      {
        name: 'start',
        args: '',
        summary: 'run the supervisor, in the foreground',
        options: [],
        load: () => import('./verbs/start.ts'),
      },
      {
        name: 'status',
        args: '',
        summary: 'what needs you; then the whole picture',
        options: [
          ['--watch', 'redraw as things change'],
          ['--check', 'answer by exit code: 0 when nothing needs anyone, else 1'],
        ],
        load: () => import('./verbs/status.ts'),
      },
      {
        name: 'doctor',
        args: '',
        summary: 'check everything, in the order to mend it, each finding with its remedy',
        options: [],
        load: () => import('./verbs/doctor.ts'),
      },
      {
        name: 'verify',
        args: '[release]',
        summary: 're-hash releases against their manifests',
        options: [],
        load: () => import('./verbs/verify.ts'),
      },
    ],
  },
  {
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
        load: () => import('./verbs/propose.ts'),
      },
      {
        name: 'withdraw',
        args: '<proposal>',
        summary: 'take a proposal back',
        options: [],
        load: () => import('./verbs/withdraw.ts'),
      },
      {
        name: 'approvals',
        args: '',
        summary: 'proposals that wait for a human',
        options: [],
        load: () => import('./verbs/approvals.ts'),
      },
      {
        name: 'approve',
        args: '<proposal>',
        summary: 'say yes to exactly what was shown',
        options: [],
        required: [['--digest <prefix>', 'first 6 or more characters, as `airlock diff` shows']],
        load: () => import('./verbs/approve.ts'),
      },
      {
        name: 'reject',
        args: '<proposal>',
        summary: 'say no',
        options: [],
        required: [reason],
        load: () => import('./verbs/reject.ts'),
      },
      {
        name: 'promote',
        args: '<proposal>',
        summary: 'skip the rest of the canary',
        options: [],
        required: [reason],
        load: () => import('./verbs/promote.ts'),
      },
      {
        name: 'abort',
        args: '',
        summary: 'abort the running deployment; while it bakes, a rollback',
        options: [reason],
        load: () => import('./verbs/abort.ts'),
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
        load: () => import('./verbs/rollback.ts'),
      },
      {
        name: 'unbar',
        args: '<digest>',
        summary: 'let a bad release be started again',
        options: [],
        required: [reason],
        load: () => import('./verbs/unbar.ts'),
      },
    ],
  },
  {
    title: 'Stop and go on',
    verbs: [
      {
        name: 'halt',
        args: '',
        summary: 'kill switch; works without the daemon',
        options: scopes,
        required: [reason],
        notes: honoured,
        load: () => import('./verbs/halt.ts'),
      },
      {
        name: 'resume',
        args: '',
        summary: 'lift a halt',
        options: scopes,
        load: () => import('./verbs/resume.ts'),
      },
      {
        name: 'lock',
        args: '',
        summary: 'no deployments; agents go on',
        options: [],
        required: [reason],
        load: () => import('./verbs/lock.ts'),
      },
      {
        name: 'unlock',
        args: '',
        summary: 'end the lockdown',
        options: [],
        load: () => import('./verbs/unlock.ts'),
      },
      {
        name: 'run',
        args: '<agent> [path]',
        summary: 'start one run of an agent now',
        options: [],
        load: () => import('./verbs/run.ts'),
      },
      {
        name: 'cancel',
        args: '<run>',
        summary: 'stop one run',
        options: [],
        load: () => import('./verbs/cancel.ts'),
      },
    ],
  },
  {
    title: 'Look',
    verbs: [
      {
        name: 'proposals',
        args: '',
        summary: 'newest first',
        options: [limit],
        load: () => import('./verbs/proposals.ts'),
      },
      {
        name: 'releases',
        args: '',
        summary: 'newest first',
        options: [limit],
        load: () => import('./verbs/releases.ts'),
      },
      {
        name: 'runs',
        args: '',
        summary: 'newest first',
        options: [limit, ['--agent <agent>', 'of one agent']],
        load: () => import('./verbs/runs.ts'),
      },
      {
        name: 'incidents',
        args: '',
        summary: 'newest first',
        options: [limit],
        load: () => import('./verbs/incidents.ts'),
      },
      {
        name: 'show',
        args: '<id>',
        summary: 'a proposal, release, run or incident, whole',
        options: [],
        load: () => import('./verbs/show.ts'),
      },
      {
        name: 'diff',
        args: '<id> [id2]',
        summary: 'what a release or proposal changes: authority first',
        options: [],
        load: () => import('./verbs/diff.ts'),
      },
      {
        name: 'trace',
        args: '<run>',
        summary: 'what a run saw and did',
        options: [],
        load: () => import('./verbs/trace.ts'),
      },
      {
        name: 'log',
        args: '[id]',
        summary: 'the journal, newest first',
        options: [limit],
        load: () => import('./verbs/log.ts'),
      },
    ],
  },
  {
    title: 'Policy and models',
    verbs: [
      {
        name: 'policy check',
        args: '[file]',
        summary: 'judge a policy before it is in force: all faults at once',
        options: [],
        load: () => import('./verbs/policy-check.ts'),
      },
      {
        name: 'policy diff',
        args: '<file>',
        summary: 'what another policy file would change',
        options: [],
        load: () => import('./verbs/policy-diff.ts'),
      },
      {
        name: 'policy schema',
        args: '',
        summary: 'the JSON Schema of the policy: every limit with its default',
        options: [],
        load: () => import('./verbs/policy-schema.ts'),
      },
      {
        name: 'model test',
        args: '[name]',
        summary: 'one cheap call through the gateway; what came back and its price',
        options: [],
        load: () => import('./verbs/model-test.ts'),
      },
    ],
  },
];
