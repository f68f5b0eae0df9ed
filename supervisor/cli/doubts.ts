/** A halt is never refused; whether it can have meant what it says is looked at once it is on. */
import { readCurrent } from '../host/files/links.ts';
import type { HaltScope } from '../model/halt.ts';
import type { Layout } from '../model/layout.ts';
import { reasonOf } from '../model/reason.ts';
import { readRuntimeConfig } from '../store/runtime-config.ts';

/** What a person should hear of a switch that was just written; empty when nothing is odd. */
export function doubts(layout: Layout, scope: HaltScope, target: string | null): string[] {
  if (target === null || (scope !== 'agent' && scope !== 'tenant')) return [];
  try {
    const names = known(layout, scope);
    if (names.includes(target)) return [];
    const some = names.slice(0, 20).join(', ') + (names.length > 20 ? ', ...' : '');
    return [
      `no ${scope} ${target} is in the current configuration (there: ${some || 'none'}); ` +
        `the switch is on all the same: \`airlock resume --${scope} ${target}\` lifts it`,
    ];
  } catch (error) {
    return [`whether there is a ${scope} ${target} could not be seen: ${saysWhy(error)}`];
  }
}

const saysWhy = (error: unknown) => reasonOf(error, 'halt').message;

/** Names in the configuration of `current`; none where nothing is current. */
function known(layout: Layout, scope: 'agent' | 'tenant'): string[] {
  const release = readCurrent(layout);
  if (release === null) return [];
  const { agents, faults } = readRuntimeConfig(layout, release);
  if (agents === null) throw new Error(faults[0]?.message);
  return [...new Set(agents.map((one) => (scope === 'agent' ? one.name : one.tenant)))];
}
