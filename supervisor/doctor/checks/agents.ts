import { readRuntimeConfig } from '../../store/runtime-config.ts';
import { failingAgents } from '../failing.ts';
import { bad, type Finding, good } from '../finding.ts';
import type { Ground } from '../ground.ts';
import { wayBack } from '../way-back.ts';

/** Agents do their work: a green host whose every task fails is not well. */
export function agents(ground: Ground): Finding[] {
  const { state, current, policy } = ground;
  const link = current();
  const found: Finding[] = failingAgents(state()).map(({ agent, runs, last }) =>
    bad(`the last ${runs} runs of ${agent} failed`, `See the last: \`airlock show ${last}\`.`),
  );
  if (link !== null) found.push(...configured(ground, link, Object.keys(policy().policy.models)));
  return found.length > 0 ? found : [good('no agent fails again and again')];
}

function configured(ground: Ground, release: string, models: readonly string[]): Finding[] {
  const { agents: all, faults } = readRuntimeConfig(ground.layout, release);
  if (all === null) {
    const details = faults.map((one) => one.message);
    const message = 'the agents of current cannot be read: none runs';
    return [bad(message, wayBack(ground), details)];
  }
  return all
    .filter((one) => !models.includes(one.model))
    .map((one) =>
      bad(
        `${one.name} does not run: the policy has no model ${one.model}`,
        'Add it to policy models.',
      ),
    );
}
