import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { FileExpectation, Scenario } from '../../../supervisor/model/scenario.ts';
import { scenarioSchema } from '../../../supervisor/model/scenario.ts';
import type { Bench, Ended } from './bench.ts';
import { checkout, given, run } from './bench.ts';

/** The scenarios of `smoke/`, by file. */
export function suite(): { file: string; scenario: Scenario }[] {
  const folder = join(checkout, 'smoke');
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return files.sort().map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return { file, scenario: scenarioSchema.parse(parse(text)) };
  });
}

/** What is not as a scenario expects it when a release (the checkout, if left out) runs it bare. */
export async function rehearse(scenario: Scenario, release = checkout): Promise<string[]> {
  const bench = await given(scenario.workspace, scenario.model);
  const { path, agent = 'maker' } = scenario;
  return faults(scenario, bench, await run(bench, { path, agent, release }));
}

function faults({ expect }: Scenario, bench: Bench, { exit, stderr }: Ended): string[] {
  const found = [...bench.door.faults, ...toolsNotOffered(bench)];
  if (exit !== expect.exit) found.push(`exit ${exit} instead of ${expect.exit}: ${stderr}`);
  for (const [file, wanted] of Object.entries(expect.files)) {
    if (!holds(wanted, bench.read(file))) found.push(`${file} is not ${JSON.stringify(wanted)}`);
  }
  const calls = callsOf(bench);
  if (expect.calls && calls.join() !== expect.calls.join()) found.push(`calls: ${calls.join()}`);
  const steps = bench.door.asked.length;
  if (expect.steps !== `== ${steps}`) found.push(`${steps} steps instead of ${expect.steps}`);
  return found;
}

function holds(wanted: FileExpectation, content: string | null): boolean {
  if (wanted === 'absent') return content === null;
  return content !== null && (wanted === 'present' || content.includes(wanted.contains));
}

/** The tools that the model called and the runtime answered, from the last model call. */
function callsOf(bench: Bench): string[] {
  const messages = bench.door.asked.at(-1)?.messages ?? [];
  const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  return blocks.filter(({ type }) => type === 'tool_use').map(({ name }) => String(name));
}

function toolsNotOffered(bench: Bench): string[] {
  const offered = new Set(bench.door.asked.flatMap(({ tools }) => tools.map(({ name }) => name)));
  return callsOf(bench)
    .filter((name) => !offered.has(name))
    .map((name) => `${name} was called and not offered`);
}
