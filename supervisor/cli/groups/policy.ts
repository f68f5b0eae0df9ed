import type { Group } from '../verbs.ts';

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
      args: '<file>',
      summary: 'what another policy file would change',
      options: [],
      load: () => import('../verbs/policy-diff.ts'),
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
