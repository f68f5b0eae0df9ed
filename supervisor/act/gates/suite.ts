import { join } from 'node:path';
import { listFolder } from '../../host/files/files.ts';
import { type Reason, reason } from '../../model/reason.ts';
import { type Scenario, scenarioSchema } from '../../model/scenario.ts';
import { readYaml } from '../../store/yaml-file.ts';

const mostBytes = 1024 * 1024;

export interface ReadSuite {
  scenarios: Scenario[];
  /** Scenarios that could not be read: each makes the gate an error, never a shorter suite. */
  faults: Reason[];
}

/** The scenarios of a folder, by name of their files. */
export function readSuite(folder: string): ReadSuite {
  const scenarios: Scenario[] = [];
  const faults: Reason[] = [];
  for (const name of listFolder(folder)
    .filter((one) => /\.ya?ml$/.test(one))
    .toSorted()) {
    const read = readYaml(join(folder, name), scenarioSchema, mostBytes);
    if (read.kind === 'valid') scenarios.push(read.value);
    else faults.push(unread(name, read));
  }
  return { scenarios, faults };
}

function unread(name: string, read: Exclude<ReturnType<typeof readYaml>, { kind: 'valid' }>) {
  const faults = read.kind === 'faulty' ? read.faults.map((one) => one.message) : ['unreadable'];
  return reason('gate-error', {
    message: `the scenario ${name} cannot be read: ${faults.join('; ')}`,
    step: 'gate smoke',
    input: name,
    expected: 'a scenario as the contract, section 6, says',
  });
}
