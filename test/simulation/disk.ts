import type { Reason } from '../../supervisor/model/reason.ts';
import type { Request } from '../../supervisor/model/request.ts';
import type { Agent } from '../../supervisor/model/runtime.ts';
import type { Answer } from '../../supervisor/model/state.ts';
import type { Change, Content } from './content.ts';

/** A release as it lies on the simulated disk. */
export interface Folder {
  id: string;
  digest: string;
  parent: string | null;
  proposal: string | null;
  changes: readonly Change[];
  agents: Agent[] | null;
  deps: string | null;
  createdAt: number;
  /** A file of it is gone. */
  damaged?: boolean;
}

/** One thing that an agent dropped; `uid` follows it wherever it goes. */
export interface DropFile {
  uid: number;
  agent: string;
  name: string;
  content: Content;
  readyAt: number;
}

export interface RequestFile {
  id: string;
  by: string;
  request: Request | null;
  fault: Reason | null;
}

/** Everything that survives a crash, but for the journal. */
export interface Disk {
  releases: Map<string, Folder>;
  current: string | null;
  inboxes: Map<string, Map<string, DropFile>>;
  sealed: Map<string, { drop: DropFile; at: number }>;
  requests: Map<string, RequestFile>;
  answers: Map<string, Answer>;
  /** The phase that each receipt tells. */
  receipts: Map<string, string>;
  switches: Map<string, string>;
  traces: Map<string, number>;
  deps: Set<string>;
}

export const emptyDisk = (): Disk => ({
  releases: new Map(),
  current: null,
  inboxes: new Map(),
  sealed: new Map(),
  requests: new Map(),
  answers: new Map(),
  receipts: new Map(),
  switches: new Map(),
  traces: new Map(),
  deps: new Set(),
});
