import { join } from 'node:path';
import { type Reason, reason } from '../model/reason.ts';
import { agentsFileSchema, type RuntimeConfig } from '../model/runtime.ts';
import { hintFor } from './hints.ts';
import { readYaml } from './yaml-file.ts';

/** All that the supervisor reads of a runtime's configuration, relative to its release. */
export const agentsFile = 'config/agents.yaml';
const mostBytes = 8 * 1024 * 1024;

/**
 * All that the supervisor needs of a release's configuration, or all its faults (`gate-config`).
 * `passing`: it could not be read for a cause that is the host's, so that asking again may help.
 */
export function readRuntimeConfig(folder: string): RuntimeConfig & { passing: boolean } {
  const read = readYaml(join(folder, agentsFile), agentsFileSchema, mostBytes);
  if (read.kind === 'valid') return { agents: read.value.agents, faults: [], passing: false };
  if (read.kind === 'faulty') {
    const faults = read.faults.map((one) => {
      const input = one.line > 0 ? `${agentsFile}:${one.line}` : agentsFile;
      return fault({ ...one, input, hint: hintFor(agentsFileSchema, one) });
    });
    return { agents: null, faults, passing: false };
  }
  const { why } = read;
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
