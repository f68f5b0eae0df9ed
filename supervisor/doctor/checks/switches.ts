import { isClosed } from '../../host/files/closed.ts';
import type { Halt } from '../../model/halt.ts';
import { reasonOf } from '../../model/reason.ts';
import { readSwitches, strangeSwitches } from '../../store/switches.ts';
import { bad, blind, type Finding, good, hidden, unseen, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** A halt older than this was perhaps forgotten, milliseconds. */
const oldMs = 7 * 86_400_000;

/** The switches can be read; none was forgotten; none is misspelt and so halts nothing. */
export function switches(ground: Ground): Finding[] {
  const { layout, now } = ground;
  const seen = readSwitches(layout);
  if (!seen.readable) {
    if (ground.guest && isClosed(seen.cause)) {
      return [unseen(`could not look: ${layout.switches} is closed to you`)];
    }
    const message = `the switch folder cannot be read (${seen.cause}): everything is halted`;
    return [bad(message, `Make ${layout.switches} a folder that the supervisor can list.`)];
  }
  const strange = strangeSwitches(layout).map((name) =>
    bad(`${JSON.stringify(name)} in ${layout.switches} is no switch: it halts nothing`, rename),
  );
  const { known, unknown } = agentsOf(ground);
  const found = [...strange, ...seen.halts.flatMap((halt) => judge(halt, known, now))];
  if (found.length > 0) return [...found, ...unknown];
  const on = seen.halts.map(nameOf).join(', ');
  const content = on === '' ? 'no switch is on' : `switches that are on, none forgotten: ${on}`;
  return [good(content), ...unknown];
}

/** Without the journal the switches are told all the same; whom they can mean is not seen. */
function agentsOf(ground: Ground): { known: ReadonlySet<string>; unknown: Finding[] } {
  try {
    return { known: new Set(ground.state().agents.keys()), unknown: [] };
  } catch (error) {
    const because = reasonOf(error, 'doctor switches');
    const why = because.code === 'journal-damaged' ? warn(unnamed, 'First mend `journal`.') : null;
    return { known: new Set(), unknown: [hidden(error, ground) ?? why ?? blind(because)] };
  }
}

const unnamed = 'whether a switch names an agent that is not there cannot be seen: no journal';

const rename =
  'Remove it, or write it with `airlock halt`: host, agent.A, tenant.T, run.R, tool.T.';

const nameOf = ({ scope, target }: Halt) => (target === null ? scope : `${scope} ${target}`);

function judge(halt: Halt, agents: ReadonlySet<string>, now: number): Finding[] {
  const { scope, target, at } = halt;
  const name = nameOf(halt);
  if (scope === 'agent' && target !== null && agents.size > 0 && !agents.has(target)) {
    return [warn(`the switch of ${name} is on, but there is no such agent`, lift(halt))];
  }
  if (now - Date.parse(at) < oldMs) return [];
  return [warn(`the switch of ${name} has been on since ${at}`, lift(halt))];
}

function lift({ scope, target }: Halt): string {
  if (scope === 'lockdown') return 'Lift it if it is over: `airlock unlock`.';
  const whom = target === null ? '' : ` ${target}`;
  return `Lift it if it is over: \`airlock resume --${scope}${whom}\`.`;
}
