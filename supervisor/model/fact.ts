import type { Switches } from './halt.ts';
import type { PolicySeen } from './policy.ts';
import type { Reason } from './reason.ts';
import type { ReleaseId } from './release.ts';
import type { Request } from './request.ts';
import type { Agent } from './runtime.ts';

/** What the loop sees of the world at one wake. Observed, never decided. */
export interface Facts {
  /** The cron beat is among what woke the loop. */
  tick: boolean;
  /** Drops in the inboxes, of a full one those that came first; a withdrawal is one too. */
  drops: Drop[];
  /** Inboxes hold more than was looked at yet: look again soon. */
  unlooked: boolean;
  /** Request files without an answer, oldest first. */
  requests: SeenRequest[];
  /** Ids of every request file there is: answered ones may be forgotten when theirs is gone. */
  requestFiles: ReadonlySet<string>;
  switches: Switches;
  policyFile: PolicySeen;
  /** Where `current` points; null when there is no link. */
  current: ReleaseId | null;
  /** Agents of the releases that matter now; null where the configuration does not parse. */
  agents: ReadonlyMap<ReleaseId, Agent[] | null>;
  /** Steps under way in this process: a pending one that is not here was cut off by a crash. */
  underway: ReadonlySet<string>;
  /** At a tick: folders and files that retention may remove, with their age's start. */
  kept: { what: 'intake' | 'trace' | 'request'; id: string; at: number }[];
  /** Installed on a host, where the invocation path must be safe before a run starts. */
  hostInstall: boolean;
  /** USD that runs spent which a crash cut off, by their ids: their traces tell. */
  spent?: ReadonlyMap<string, number>;
  /** The supervisor is stopping: nothing new starts. */
  stopping: boolean;
}

export interface Drop {
  agent: string;
  name: string;
  /** False while it may still be written to. */
  ready: boolean;
  /** When to look again; milliseconds since 1970. */
  readyAt: number;
}

export type SeenRequest =
  | { id: string; by: string; request: Request; fault: null }
  | { id: string; by: string; request: null; fault: Reason };
