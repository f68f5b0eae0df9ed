import { dirname, relative, resolve } from 'node:path';
import { kindOf, makeFolder, writeDurable } from '../../host/files/files.ts';
import { readyRoot } from '../../host/root.ts';
import { Failure } from '../../model/reason.ts';
import { policyGone } from '../../store/policies.ts';
import { loadPolicy } from '../../store/policy.ts';
import { type Call, exits, type Result, text } from '../call.ts';
import { type Guess, lookAtRuntime } from '../init/look.ts';
import { firstScenario, policyText } from '../init/write-policy.ts';
import { line } from '../show/escape.ts';

/** A policy and the folders for a runtime that exists; nothing that is there is written over. */
export async function verb(call: Call): Promise<Result> {
  const source = resolve(text(call, 'from') ?? '.');
  const { policyFile, root } = call.place;
  if (kindOf(source) !== 'folder') throw failed('there is no such folder', source, 'a folder');
  if (kindOf(policyFile) !== 'absent') {
    const hint = 'Name another file with --policy, or edit this one.';
    const message = `there is a policy already: ${policyFile}`;
    throw new Failure('usage', { message, step: 'init', input: policyFile, hint });
  }
  const gone = policyGone(call.layout, policyFile);
  if (gone !== null) {
    const hint = `Copy it back: \`${gone.remedy}\`.`;
    throw new Failure('usage', { message: gone.what, step: 'init', input: policyFile, hint });
  }
  const guess = lookAtRuntime(source);
  if (guess.include.length === 0) throw failed('there is nothing in it', source, 'a runtime');
  const made = write(policyFile, source, guess);
  await readyRoot(call.layout);
  const { policy, faults } = loadPolicy(policyFile);
  const wrong = faults.map((one) => one.message);
  return {
    exit: policy === null ? exits.failed : exits.done,
    json: {
      schema: 1,
      ok: policy !== null,
      policy: policyFile,
      root,
      made,
      ...guessShape(guess),
      faults,
    },
    text: () => told(source, root, made, guess, wrong, sameAgain(call)),
  };
}

/** The options that lead every other verb to the same place. */
function sameAgain({ place, options }: Call): string {
  const { root, policyFile } = place;
  const given = [
    options.root === undefined ? '' : ` --root ${root}`,
    options.policy === undefined ? '' : ` --policy ${policyFile}`,
  ];
  return given.join('');
}

function failed(message: string, input: string, expected: string): Failure {
  return new Failure('usage', { message: `${input}: ${message}`, step: 'init', input, expected });
}

const guessShape = ({ include, entry, because, agents }: Guess) => ({
  include,
  entry,
  because,
  agents,
});

function write(policyFile: string, source: string, guess: Guess): string[] {
  const folder = dirname(policyFile);
  makeFolder(folder);
  writeDurable(policyFile, policyText(relative(folder, source) || '.', guess), 0o644);
  const suite = `${folder}/smoke`;
  if (kindOf(suite) !== 'absent') return [policyFile];
  makeFolder(suite);
  writeDurable(`${suite}/first.yaml`, firstScenario, 0o644);
  return [policyFile, `${suite}/first.yaml`];
}

function told(
  source: string,
  root: string,
  made: readonly string[],
  guess: Guess,
  wrong: readonly string[],
  again: string,
): string {
  return [
    `Found in ${line(source)}:`,
    ...guess.found.map((one) => `  ${line(one, 300)}`),
    'Written:',
    ...made.map((one) => `  ${line(one, 300)}`),
    `  the folders of ${line(root, 300)}`,
    ...(wrong.length === 0
      ? []
      : ['To mend in the policy:', ...wrong.map((one) => `  ${line(one)}`)]),
    'Next:',
    ...(guess.entry === null ? ['  say in the policy how a run starts (runtime.entry)'] : []),
    ...(guess.agents ? [] : ['  write config/agents.yaml (contract, section 5)']),
    `  read the policy, then \`airlock${again} doctor\` and \`airlock${again} start\``,
  ].join('\n');
}
