import { join } from 'node:path';
import { codeOrEio, listNames, lookAt } from '../host/files/records.ts';
import { clock } from '../host/time/clock.ts';
import type { Drop } from '../model/fact.ts';
import type { Layout } from '../model/layout.ts';
import { agentName } from '../model/runtime.ts';
import { Inbox, type Look } from './inbox.ts';

/**
 * Inboxes that something happened in: by agent, the names, and whether each came by a rename; the
 * name '' is the inbox itself: anything may have happened in it. null: in any inbox.
 */
export type Dirty = ReadonlyMap<string, ReadonlyMap<string, boolean>> | null;

export interface Drops {
  /** The first of each inbox, as they are now. */
  drops: Drop[];
  /** Time was up: look again soon. */
  unlooked: boolean;
}

export interface DropWatch {
  /** Drops now. Looks into dirty inboxes and those that were not empty; into all for `null`. */
  look(dirty: Dirty, now: number): Drops;
  /** Inboxes that could not be read when last looked into: agent (`*`: all) and cause. */
  faults(): ReadonlyMap<string, string>;
}

/** Stands for the folder of all inboxes where faults are named. */
const everyone = '*';
/** Of each inbox at most so many drops are told at once: twice what is sealed at once. */
const mostTold = 64;
/** How long one look may take, milliseconds; what is left is for the next one. */
const portion = 10;

/** Watch the drops of all inboxes; `settle`: milliseconds a plain copy must lie unchanged. */
export function dropWatch(layout: Layout, settle: () => number): DropWatch {
  // Only inboxes that hold something are remembered: an empty one stays so until an event or a
  // sweep says otherwise.
  const inboxes = new Map<string, Inbox>();
  const faults = new Map<string, string>();
  const guarded = (agent: string, work: (inbox: Inbox) => void): void => {
    const inbox = inboxes.get(agent) ?? new Inbox(layout.inbox(agent));
    inboxes.set(agent, inbox);
    try {
      work(inbox);
    } catch (error) {
      faults.set(agent, codeOrEio(error));
      inboxes.delete(agent);
    }
  };
  const list = (agent: string): void => {
    faults.delete(agent);
    if (!agentName.safeParse(agent).success) return;
    guarded(agent, (inbox) => {
      if (lookAt(join(layout.inboxes, agent))?.isDirectory()) inbox.list();
      else inboxes.delete(agent);
    });
  };
  const all = (): string[] => {
    faults.delete(everyone);
    try {
      return listNames(layout.inboxes);
    } catch (error) {
      faults.set(everyone, codeOrEio(error));
      return [];
    }
  };
  const takeIn = (dirty: Dirty): void => {
    const unsure = [...(dirty ?? [])].filter(
      ([agent, names]) => names.has('') || !inboxes.has(agent),
    );
    const again = [...faults.keys()].filter((agent) => agent !== everyone);
    const asked = dirty === null ? [...all(), ...inboxes.keys()] : unsure.map(([agent]) => agent);
    for (const agent of new Set([...asked, ...again])) list(agent);
    for (const [agent, names] of dirty ?? []) {
      const inbox = inboxes.get(agent);
      for (const [name, renamed] of names) if (name !== '') inbox?.touch(name, renamed);
    }
  };
  const look = (dirty: Dirty, now: number): Drops => {
    const passed = clock.monotonic();
    const over = () => clock.monotonic() > passed + portion;
    takeIn(dirty);
    const how: Look = { now, settle: settle(), passed, over };
    // Who has little to look at does not wait for who has much.
    const few = [...inboxes].sort(([, a], [, b]) => a.waiting - b.waiting);
    for (const [agent] of few) guarded(agent, (inbox) => inbox.see(how));
    const drops: Drop[] = [];
    for (const agent of [...inboxes.keys()].sort()) {
      guarded(agent, (inbox) => {
        for (const { name, ready, readyAt } of inbox.first(mostTold, how)) {
          drops.push({ agent, name, ready, readyAt });
        }
        if (inbox.empty) inboxes.delete(agent);
      });
    }
    return { drops, unlooked: [...inboxes.values()].some((inbox) => inbox.unlooked) };
  };
  return { look, faults: () => faults };
}
