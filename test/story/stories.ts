import { fileURLToPath } from 'node:url';
import type { Phase } from '../../supervisor/model/proposal.ts';

/** One change of the story: who proposes what, and how it has to end. */
export interface Story {
  letter: string;
  title: string;
  proposer: string;
  /** Under `test/proposals/`. */
  proposal: string;
  ends: Phase;
  /** What would have happened on a host without a supervisor. */
  without: 'nothing' | 'all' | 'lived-in' | 'others';
}

export const stories: readonly Story[] = [
  {
    letter: 'a',
    title: 'a good change to a prompt',
    proposer: 'keeper',
    proposal: 'good-prompt.patch',
    ends: 'stable',
    without: 'nothing',
  },
  {
    letter: 'b',
    title: 'the February change: tools moved to a child process whose input is closed at once',
    proposer: 'scout',
    proposal: 'february',
    ends: 'refused',
    without: 'all',
  },
  {
    letter: 'c',
    title: 'the April change: a tool object that is not JSON serializable',
    proposer: 'scribe',
    proposal: 'april.patch',
    ends: 'refused',
    without: 'all',
  },
  {
    letter: 'd',
    title: 'passes smoke, fails on a real workspace',
    proposer: 'reviewer',
    proposal: 'fails-on-lived-in-workspace',
    ends: 'aborted',
    without: 'lived-in',
  },
  {
    letter: 'e',
    title: 'passes the canary, fails on the others',
    proposer: 'keeper',
    proposal: 'fails-on-other-agents',
    ends: 'rolled-back',
    without: 'others',
  },
];

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const proposalPath = (story: Story): string =>
  `${repository}/test/proposals/${story.proposal}`;

/** The checkout's own policy with short times, so that a story fits into a minute or two. */
export const storyPolicy = (times: {
  tick: string;
  bake: string;
  canary: { runs: number; within: string };
}) => `# A host of the story: the checkout's runtime, five agents, no key.
runtime:
  source: ${repository}
  include:
    - kernel
    - app
    - config
    - {from: kernel/package.json, to: package.json}
    - {from: kernel/package-lock.json, to: package-lock.json}
  entry: [node, --import, tsx, kernel/main.ts]
  tools: ${repository}/node_modules
  build: [[tsc, --noEmit, -p, kernel/tsconfig.json]]
tick: "${times.tick}"
permissions:
  - paths: [app/**, config/**]
  - paths: [kernel/**, package.json, package-lock.json]
    approval: operator
smoke: {suite: ${repository}/smoke, within: 3m}
canary: {agent: maker, runs: ${times.canary.runs}, within: ${times.canary.within}}
bake: {for: ${times.bake}}
limits: {drain: 2s, run: {concurrent: 4}}
models:
  cheap: [{provider: rehearsal}]
`;

/** Who lived here before the story begins; the last becomes the canary: it has run most. */
export const lives: readonly string[] = ['keeper', 'scout', 'scribe', 'reviewer', 'maker', 'maker'];
