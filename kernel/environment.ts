import { RunError } from './errors.ts';

export const paths = ['task', 'drive', 'thread', 'triage', 'standing'] as const;
export type Path = (typeof paths)[number];

/** What the supervisor says of a run, all of it. */
export interface Environment {
  agent: string;
  path: Path;
  run: string;
  release: string;
  /** Folders. */
  workspace: string;
  inbox: string;
  receipts: string;
  /** `http://host:port`, no slash at the end. */
  gateway: string;
  /** Where the Messages API is served. */
  modelUrl: string;
  /** This run's token; worth nothing elsewhere. */
  token: string;
}

const names = {
  agent: 'AIRLOCK_AGENT',
  path: 'AIRLOCK_PATH',
  run: 'AIRLOCK_RUN',
  release: 'AIRLOCK_RELEASE',
  workspace: 'AIRLOCK_WORKSPACE',
  inbox: 'AIRLOCK_INBOX',
  receipts: 'AIRLOCK_RECEIPTS',
  gateway: 'AIRLOCK_GATEWAY',
  modelUrl: 'ANTHROPIC_BASE_URL',
  token: 'ANTHROPIC_API_KEY',
} as const satisfies Record<keyof Environment, string>;

/** Reads a run's environment; throws a RunError that names every fault at once. */
export function readEnvironment(variables: Record<string, string | undefined>): Environment {
  const missing = Object.values(names).filter((name) => !variables[name]);
  if (missing.length > 0) {
    throw fault(`not set: ${missing.join(', ')}`, `set: ${Object.values(names).join(', ')}`);
  }
  const read = Object.fromEntries(
    Object.entries(names).map(([key, name]) => [key, String(variables[name])]),
  ) as unknown as Environment;
  if (!paths.includes(read.path)) {
    throw fault(`AIRLOCK_PATH is "${read.path}"`, `one of ${paths.join(', ')}`);
  }
  return { ...read, gateway: read.gateway.replace(/\/+$/, '') };
}

function fault(actual: string, expected: string): RunError {
  return new RunError({
    code: 'bad-environment',
    step: 'read the environment',
    message: `this is not the environment of a run: ${actual}`,
    expected,
    actual,
    hint: 'A run is started by the supervisor, or by a test that sets what the contract names.',
  });
}
