import { join } from 'node:path';
import { listDrops } from '../host/drops.ts';
import { codeOrEio, listNames, lookAt } from '../host/records.ts';
import type { Drop } from '../model/fact.ts';
import type { Layout } from '../model/layout.ts';
import { agentName } from '../model/runtime.ts';

/** Inboxes that something happened in; by agent, the names that came by a rename. null: all. */
export type Dirty = ReadonlyMap<string, ReadonlySet<string>> | null;

export interface DropWatch {
  /** Drops now. Looks into dirty inboxes and those that were not empty; into all for `null`. */
  look(dirty: Dirty, now: number): Drop[];
  /** Inboxes that could not be read when last looked into: agent (`*`: all) and cause. */
  faults(): ReadonlyMap<string, string>;
}

/** Stands for the folder of all inboxes where faults are named. */
const everyone = '*';

/** Watch the drops of all inboxes; `settle`: milliseconds a plain copy must lie unchanged. */
export function dropWatch(layout: Layout, settle: () => number): DropWatch {
  // Only inboxes that held something are remembered: an empty one stays so until an event or a
  // sweep says otherwise, one with drops changes by what the supervisor itself does.
  const holding = new Set<string>();
  const hints = new Map<string, Set<string>>();
  const faults = new Map<string, string>();
  const lookInto = (agent: string, now: number): Drop[] => {
    const inbox = join(layout.inboxes, agent);
    try {
      if (!lookAt(inbox)?.isDirectory()) return [];
      const renamed = hints.get(agent);
      return listDrops({ inbox, now, settle: settle(), hints: renamed }).map((drop) => {
        return { agent, ...drop };
      });
    } catch (error) {
      faults.set(agent, codeOrEio(error));
      return [];
    }
  };
  const inboxes = (): string[] => {
    faults.delete(everyone);
    try {
      return listNames(layout.inboxes);
    } catch (error) {
      faults.set(everyone, codeOrEio(error));
      return [...holding];
    }
  };
  const look = (dirty: Dirty, now: number): Drop[] => {
    for (const [agent, names] of dirty ?? []) remember(hints, agent, names);
    const asked = dirty === null ? inboxes() : [...dirty.keys(), ...holding];
    const agents = [...new Set(asked)].filter((name) => agentName.safeParse(name).success).sort();
    return agents.flatMap((agent) => {
      faults.delete(agent);
      const drops = lookInto(agent, now);
      if (drops.length > 0 || faults.has(agent)) holding.add(agent);
      else holding.delete(agent);
      forgetGone(hints, agent, drops);
      return drops;
    });
  };
  return { look, faults: () => faults };
}

function remember(hints: Map<string, Set<string>>, agent: string, names: ReadonlySet<string>) {
  if (names.size === 0) return;
  const known = hints.get(agent) ?? new Set();
  for (const name of names) known.add(name);
  hints.set(agent, known);
}

/** A name that is gone may come again as a plain copy: its hint must not speak for that one. */
function forgetGone(hints: Map<string, Set<string>>, agent: string, drops: Drop[]): void {
  const known = hints.get(agent);
  if (!known) return;
  const there = new Set(drops.map((drop) => drop.name));
  for (const name of known) if (!there.has(name)) known.delete(name);
  if (known.size === 0) hints.delete(agent);
}
