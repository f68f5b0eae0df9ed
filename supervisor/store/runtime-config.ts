import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readSmall } from '../host/files/records.ts';
import type { Layout } from '../model/layout.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { ReleaseId } from '../model/release.ts';
import { agentsFileSchema, type RuntimeConfig } from '../model/runtime.ts';
import { hintFor } from './hints.ts';
import { isKept, keepParsed, knownAgents, remember } from './parsed.ts';
import { judgeYaml, type Unread } from './yaml-file.ts';

/** All that the supervisor reads of a runtime's configuration, relative to its release. */
export const agentsFile = 'config/agents.yaml';
const mostBytes = 8 * 1024 * 1024;

/** `passing`: it could not be read for a cause that is the host's: asking again may help. */
export type Read = RuntimeConfig & { passing: boolean };

/** All that the supervisor needs of a release's configuration, or all faults (`gate-config`). */
export function readRuntimeConfig(layout: Layout, release: ReleaseId): Read {
  return read(layout, release, false);
}

/** The same for those who may write: others will not have to read this content as YAML. */
export function readAndKeepRuntimeConfig(layout: Layout, release: ReleaseId): Read {
  return read(layout, release, true);
}

function read(layout: Layout, release: ReleaseId, keep: boolean): Read {
  const small = readSmall(join(layout.release(release), agentsFile), mostBytes);
  if (small.kind !== 'file') return unread(small);
  const digest = createHash('sha256').update(small.content).digest('hex');
  const known = keep && !isKept(layout, digest) ? null : knownAgents(layout, digest);
  if (known !== null) return { agents: known, faults: [], passing: false };
  const judged = judgeYaml(small.content, agentsFileSchema);
  if (judged.kind === 'valid') {
    if (keep) keepParsed(layout, digest, judged.found);
    return { agents: remember(digest, judged.value.agents), faults: [], passing: false };
  }
  const faults = judged.faults.map((one) => {
    const input = one.line > 0 ? `${agentsFile}:${one.line}` : agentsFile;
    return fault({ ...one, input, hint: hintFor(agentsFileSchema, one) });
  });
  return { agents: null, faults, passing: false };
}

function unread(why: Unread): Read {
  const passing = why.kind === 'unreadable';
  const actual = {
    absent: 'nothing',
    strange: why.kind === 'strange' ? why.what : '',
    'too-big': 'a bigger file',
    unreadable: why.kind === 'unreadable' ? why.cause : '',
  }[why.kind];
  const expected = `a regular file of at most ${mostBytes} bytes`;
  const message = `${agentsFile} cannot be read`;
  return {
    agents: null,
    faults: [fault({ message, input: agentsFile, expected, actual })],
    passing,
  };
}

type Parts = Partial<Reason> & { message: string };

function fault({ message, input, expected, actual, hint }: Parts): Reason {
  const parts = { message, step: 'gate config', input, expected, actual };
  return reason('gate-config', hint === undefined ? parts : { ...parts, hint });
}
