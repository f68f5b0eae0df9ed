import { join } from 'node:path';
import { readText } from '../../host/files/files.ts';
import type { Layout } from '../../model/layout.ts';
import type { Finding } from '../../model/proposal.ts';
import { Failure, type Reason, reason } from '../../model/reason.ts';
import type { ReleaseId } from '../../model/release.ts';
import type { RuntimeConfig } from '../../model/runtime.ts';
import { agentsFile, readAndKeepRuntimeConfig } from '../../store/runtime-config.ts';
import { parseYaml } from '../../store/yaml-file.ts';
import { manifestFaults } from './lock-file.ts';

/** The agents of a release that is being staged or laid on; the host's own faults are thrown. */
export function agentsIn(layout: Layout, release: ReleaseId): RuntimeConfig {
  const { passing, ...config } = readAndKeepRuntimeConfig(layout, release);
  const fault = config.faults[0];
  if (!passing || fault === undefined) return config;
  const { message, actual } = fault;
  throw new Failure('host-failed', { message, step: 'stage', input: release, actual });
}

/**
 * Every configuration file that does not parse: .yaml, .yml and .json under config/, and the
 * manifest and lock file. `paths`: all files of the release; `agents`: faults of the agents' file.
 */
export function configFindings(
  release: string,
  paths: readonly string[],
  agents: readonly Reason[],
): Finding[] {
  const others = paths.filter((path) => path !== agentsFile && isConfig(path));
  return [
    ...agents.map((one) => ({ subject: agentsFile, reason: one })),
    ...others.flatMap((path) => {
      const text = readText(join(release, path)) ?? '';
      const faults = path.endsWith('.json') ? jsonFaults(text, path) : yamlFaults(text, path);
      if (path === 'package.json') faults.push(...manifestFaults(text));
      return faults.map((one) => ({ subject: path, reason: one }));
    }),
  ];
}

function isConfig(path: string): boolean {
  if (path === 'package.json' || path === 'package-lock.json') return true;
  return path.startsWith('config/') && /\.(ya?ml|json)$/.test(path);
}

function yamlFaults(text: string, path: string): Reason[] {
  const parsed = parseYaml(text);
  if (parsed.kind === 'parsed') return [];
  return parsed.faults.map(({ message, line }) => fault(message, path, line));
}

function jsonFaults(text: string, path: string): Reason[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    if (error instanceof SyntaxError) return [fault(error.message, path, 0)];
    throw error;
  }
}

function fault(message: string, path: string, line: number): Reason {
  const input = line > 0 ? `${path}:${line}` : path;
  return reason('gate-config', { message, step: 'gate config', input });
}
