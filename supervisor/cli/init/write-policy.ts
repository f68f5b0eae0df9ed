/** A first policy for a runtime that exists, with a word on everything that is worth one. */
import { stringify } from 'yaml';
import type { Guess } from './look.ts';

/** `source`: the runtime's folder, relative to the policy file. */
export function policyText(source: string, guess: Guess): string {
  const entry = guess.entry ?? [
    'sh',
    '-c',
    'echo "say in the policy how a run starts" >&2; exit 1',
  ];
  const code = guess.include.filter((name) => name !== 'config').map(glob(guess));
  const paths = guess.include.includes('config') ? ['config/**', ...code] : code;
  const origin = guess.because === null ? 'NOTHING WAS FOUND: write it' : `from ${guess.because}`;
  return `# The policy of this host: what a release is, who may change it, how each change is tried.
# \`airlock policy schema\` lists every key with its default; \`airlock policy check\` judges this
# file. Relative paths start in this file's folder. Durations: 500ms 30s 15m 24h 30d; money: USD.

runtime:
  source: ${flow(source)}   # the first release is made from here
  include: ${flow(guess.include)}   # what a release consists of
  # Starts a run, with cwd /runtime (${origin})
  entry: ${flow(entry)}
  build: []   # checks of a change, e.g. [[npx, tsc, --noEmit]]; without network, on a private copy

tick: "*/15 * * * *"   # the upper bound on every recovery
timezone: UTC

permissions:   # first match decides; no match = refused. To begin with a human sees every change.
  - paths: ${flow(paths)}
    approval: operator

authority: {raise: operator, reach: operator}
approval: {expires: 72h}
# notify: {command: [./tell-people]}   # JSON on stdin

smoke:
  suite: smoke      # scenarios, beside this file (see smoke/first.yaml)
  model: rehearsal  # every scenario brings the model's side of the talk: no cost
  within: 2m

canary: {agent: auto, runs: 3, within: 15m}
bake: {for: 15m, max: 24h, failedRuns: 2}

models:   # names that config/agents.yaml uses
  # cheap: [{provider: anthropic, url: "https://api.anthropic.com", model: NAME, keyFile: PATH}]
  cheap: [{provider: rehearsal}]   # development only: answers every call with a plausible turn
`;
}

const flow = (value: unknown) => stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();

/** A folder with all that is in it, a file by its name. */
const glob =
  ({ folders }: Guess) =>
  (name: string) =>
    folders.has(name) ? `${name}/**` : name;

/** A first rehearsal, to begin with. */
export const firstScenario = `# A rehearsed run in a temporary workspace (contract, section 6).
name: a run ends well
path: task
workspace: {}
model:
  - say: nothing to do
expect: {exit: 0}
`;
