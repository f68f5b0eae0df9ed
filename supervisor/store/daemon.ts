import { z } from 'zod';
import { isClosed, isGuest } from '../host/files/closed.ts';
import { writeDurable } from '../host/files/files.ts';
import { readSmall, removeName } from '../host/files/records.ts';
import { identify } from '../host/process/process-identity.ts';
import { jsonOrNull } from '../model/json.ts';
import type { Layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';

const fileSchema = z.strictObject({
  pid: z.number().int().positive(),
  start: z.string(),
  boot: z.string(),
  since: z.string(),
  version: z.string(),
});

export interface DaemonState {
  running: boolean;
  pid: number | null;
  /** RFC 3339 in UTC. */
  since: string | null;
  version: string | null;
}

const none: DaemonState = { running: false, pid: null, since: null, version: null };

/** Say that this process is the daemon. The holder of the writer lock does this. */
export function writeDaemon(layout: Layout, about: { since: string; version: string }): void {
  const self = identify(process.pid);
  if (!self) {
    const message = 'this process is not in /proc';
    throw new Failure('host-failed', { message, step: 'start', input: `/proc/${process.pid}` });
  }
  writeDurable(layout.daemon, `${JSON.stringify({ ...self, ...about })}\n`, 0o644);
}

export function removeDaemon(layout: Layout): void {
  removeName(layout.daemon);
}

/**
 * Whether the daemon runs, without touching its lock: a reused pid is not taken for it. Throws
 * Failure `host-failed` for a guest to whom it is closed.
 */
export function daemonState(layout: Layout): DaemonState {
  const small = readSmall(layout.daemon, 4096);
  // Not where the supervisor itself meets it: a rollback must not end there.
  if (small.kind === 'unreadable' && isClosed(small.cause) && isGuest(layout.root)) {
    const message = 'whether a daemon runs here cannot be seen';
    const parts = { step: 'look for the daemon', input: layout.daemon, cause: small.cause };
    throw new Failure('host-failed', { message, ...parts });
  }
  if (small.kind !== 'file') return none;
  const said = fileSchema.safeParse(jsonOrNull(small.content.toString()));
  if (!said.success) return none;
  const { pid, start, boot, since, version } = said.data;
  const found = identify(pid);
  const running = found !== null && found.start === start && found.boot === boot;
  return running ? { running, pid, since, version } : none;
}
