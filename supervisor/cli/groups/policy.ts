import type { Group } from '../verbs.ts';

const reason = ['--reason <text>', 'why, for the record'] as const;

export const policy: Group = {
  title: 'Policy and models',
  verbs: [
    {
      name: 'policy check',
      args: '[file]',
      summary: 'judge a policy before it is in force: all faults at once',
      options: [],
      load: () => import('../verbs/policy-check.ts'),
    },
    {
      name: 'policy diff',
      args: '[file]',
      summary: 'what the policy file, or another, would change of what is in force',
      options: [],
      load: () => import('../verbs/policy-diff.ts'),
    },
    {
      name: 'policy apply',
      args: '[file]',
      summary: 'take the policy file (or put another in its place) once current passes under it',
      options: [],
      load: () => import('../verbs/policy-apply.ts'),
    },
    {
      name: 'policy rollback',
      args: '',
      summary: 'back to the version of the policy before, at once',
      options: [reason],
      load: () => import('../verbs/policy-rollback.ts'),
    },
    {
      name: 'policy schema',
      args: '',
      summary: 'the JSON Schema of the policy: every limit with its default',
      options: [],
      load: () => import('../verbs/policy-schema.ts'),
    },
    {
      name: 'model test',
      args: '[name]',
      summary: 'one cheap call through the gateway; what came back and its price',
      options: [],
      load: () => import('../verbs/model-test.ts'),
    },
  ],
};
