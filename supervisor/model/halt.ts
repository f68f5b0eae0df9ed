/** Scopes of a halt; the name of its switch file is `host`, `agent.A`, ... (architecture, 5). */
export type HaltScope = 'host' | 'tenant' | 'agent' | 'run' | 'tool' | 'lockdown';

/** One switch that is on. */
export interface Halt {
  scope: HaltScope;
  /** The agent, tenant, run or tool; null for `host` and `lockdown`. */
  target: string | null;
  /** Content of the switch file; may be empty or torn. */
  reason: string;
  /** Owner of the switch file. */
  by: string;
  at: string;
}

/** What the switch folder says. Unreadable means halted. */
export type Switches =
  | { readable: true; halts: Halt[] }
  | { readable: false; halts: Halt[]; cause: string };

/** The name of the switch file of a scope. */
export function switchName(scope: HaltScope, target: string | null): string {
  return target === null ? scope : `${scope}.${target}`;
}

/** The scope and target that a switch file's name says; null for a name that is none. */
export function parseSwitchName(name: string): Pick<Halt, 'scope' | 'target'> | null {
  if (name === 'host' || name === 'lockdown') return { scope: name, target: null };
  const found = /^(tenant|agent|run|tool)\.([A-Za-z0-9][A-Za-z0-9_.-]{0,127})$/.exec(name);
  return found ? { scope: found[1] as HaltScope, target: found[2] as string } : null;
}
